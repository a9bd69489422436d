// ReadBack: reads what has arrived in a load's target since a sequence, to find the job's own
// messages by their ids.
//
// A killed load doesn't know which of the messages it had published were stored. Headers are all
// that is read, without a filter: a stream may change subjects as it stores, and a sequence that
// isn't there at all has to be told from a message of somebody else.
// Threads: as the job that owns it: calls don't overlap.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "jobs/job_record.h"
#include "nats/broker.h"

namespace nats3::jobs {

// A job's messages that its target has, though its position doesn't cover them.
class Arrived {
 public:
  // How many of each subject the target keeps (0: all), for what take() tells.
  void set_kept_per_subject(std::uint64_t kept) { kept_per_subject_ = kept; }
  // `sequence` in the archive's `epoch`, stored as `target_sequence`. `subject`: under which; ""
  // when it isn't known.
  void add(const std::string& epoch, std::uint64_t sequence, std::uint64_t target_sequence,
           std::string_view subject);
  // Keeps a message that is covered from being added later.
  void add_taken(const std::string& epoch, std::uint64_t sequence, std::uint64_t target_sequence);
  // A message that a session took or published, and that ended before it was covered: it will be
  // asked for again.
  void give_back(const std::string& epoch, std::uint64_t sequence, std::uint64_t target_sequence);
  // Where the message is stored, if it is. Messages are asked for in the order of the replay, each
  // once a session. One that isn't there, but as many later ones of its `subject` as the target
  // keeps, was dropped for them: 0 is returned.
  std::optional<std::uint64_t> take(const std::string& epoch, std::uint64_t sequence,
                                    std::string_view subject);
  // Whether all were taken.
  [[nodiscard]] bool empty() const { return left_ == 0; }
  // The least target sequence of those that weren't taken; UINT64_MAX without any.
  [[nodiscard]] std::uint64_t lowest() const;
  // Forgets those that were taken, as far as they are stored up to `target_sequence`: they won't
  // be read again.
  void forget_taken(std::uint64_t target_sequence);
  // Forgets those that weren't taken and are stored after `target_sequence`. Returns how many.
  std::size_t forget_after(std::uint64_t target_sequence);

 private:
  struct Place {
    std::uint64_t target_sequence = 0;
    bool taken = false;
  };
  using Sequences = std::map<std::string, std::set<std::uint64_t>, std::less<>>;  // by epoch

  std::uint64_t kept_per_subject_ = 0;
  std::map<std::string, std::map<std::uint64_t, Place>, std::less<>> by_epoch_;
  std::map<std::string, Sequences, std::less<>> by_subject_;  // when kept_per_subject_ > 0
  std::size_t left_ = 0;                                      // not taken
};

class ReadBack {
 public:
  struct Found {
    std::uint64_t end = 0;           // the target was read up to here
    std::uint64_t reached = 0;       // the last message that came
    std::uint64_t own = 0;           // messages of this job
    std::uint64_t last_foreign = 0;  // the last of somebody else's; 0: there is none
    bool gaps = false;               // sequences that aren't there any more
  };

  // Begins to read after `mark` what `info` describes; its last sequence must be after `mark`.
  // `job_id`: with which ids of own messages begin. `wake` is called when advance() may get on.
  // Errors: those of Broker::open_source.
  static Result<std::unique_ptr<ReadBack>> open(nats::Broker& broker, const std::string& job_id,
                                                const TargetMark& mark,
                                                const nats::StreamInfo& info,
                                                std::function<void()> wake);
  ~ReadBack();

  // Takes what came; own messages go into `arrived`. Returns what was found once all is read, or
  // when nothing has come for 5 s and nothing is counted. Errors: those of Source::fetch;
  // kUnavailable when nothing comes any more of what is counted.
  [[nodiscard]] Result<std::optional<Found>> advance(MonotonicTime now, Arrived& arrived);

 private:
  ReadBack(std::string id_prefix, std::uint64_t after, std::uint64_t last,
           std::function<void()> wake)
      : id_prefix_(std::move(id_prefix)), after_(after), last_(last), wake_(std::move(wake)) {}
  void take(const archive::Message& message, Arrived& arrived);

  const std::string id_prefix_;
  const std::uint64_t after_;
  const std::uint64_t last_;  // the stream's when this began
  const std::function<void()> wake_;
  std::unique_ptr<nats::Source> source_;  // null: there is nothing to read
  std::uint64_t received_ = 0;
  std::uint64_t reached_ = 0;
  std::uint64_t pending_ = 0;
  std::optional<MonotonicTime> give_up_at_;
  Found found_;
};

}  // namespace nats3::jobs
