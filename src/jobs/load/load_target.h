// LoadTarget: the stream that a load publishes into, and what is known of it: which of the job's
// messages it has already, and what the next one must expect of it.
//
// A session begins with reading back what arrived after the mark on record. Messages of a killed
// publisher may still be on their way then, so the first one that is published expects the end of
// what was read; when another came before it, the target is read again. Where others publish too,
// such expectations can't hold: message ids keep what is late from being stored twice, within the
// target's duplicate window.
//
// A load without message ids, into a target that is its own, expects the target's last sequence
// with each message. So a message is stored in its place or not at all, whenever it comes; and
// where it can't be known what arrived, the load ends.
//
// Threads: within the steps of one job.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "jobs/end_of_stream.h"
#include "jobs/job_record.h"
#include "jobs/load/read_back.h"
#include "jobs/load/replay_message.h"
#include "nats/broker.h"

namespace nats3::jobs {

// The load can't work: nobody tells it what was stored in the stream.
[[nodiscard]] Error acknowledges_nothing(const std::string& stream);

// Why what arrives can't be read back, if so: `streams` store what is published, the first as
// `info` says.
[[nodiscard]] std::optional<std::string> why_not_read_back(const std::vector<std::string>& streams,
                                                           const nats::StreamInfo& info);

// The load can't work without message ids, for `reason`.
[[nodiscard]] Error needs_message_ids(std::string_view reason);

class LoadTarget {
 public:
  // `wake` is called from any thread when ready() may have something new to tell.
  LoadTarget(nats::Broker& broker, const LoadRecord& record, std::function<void()> wake);

  // Begins a session: looks at the stream that stores `pattern`, and begins to read back.
  // Errors: those of Broker; kUnavailable while no stream stores it; kInvalid when it doesn't
  // acknowledge, others publish into it although the job is strict, or the job has no message ids
  // and what arrived can't be known without.
  [[nodiscard]] Result<void> begin(const std::string& pattern, MonotonicTime now);
  // After begin(): the stream, and the domain of the JetStream that it is in.
  [[nodiscard]] const std::string& stream() const { return info_->name; }
  [[nodiscard]] const std::string& domain() const { return info_->domain; }
  // Whether all is read back, so that messages may be published. Errors: as begin().
  [[nodiscard]] Result<bool> ready(MonotonicTime now);
  // Whether it still reads back, so that the mark is needed.
  [[nodiscard]] bool reads_back() const { return read_back_ != nullptr; }
  void close_session();

  // To be called before a message is published while nothing is under way: then mark() has to be
  // put on record first. Errors: those of Broker.
  [[nodiscard]] Result<void> open_mark();
  // All that was published is acknowledged, and covered by the job's position.
  void close_mark();
  // To go on record with the position. `lowest_ahead`: of the target sequences of messages that
  // are acknowledged and not covered by it.
  [[nodiscard]] std::optional<TargetMark> mark(std::uint64_t lowest_ahead) const;

  // Whether what was read back is too old to rely on ids for what is late: begin() again, once
  // everything is answered.
  [[nodiscard]] bool stale(MonotonicTime now) const;

  // Where the message is stored already, if it is: then it must not be published.
  [[nodiscard]] std::optional<std::uint64_t> take_arrived(const std::string& epoch,
                                                          std::uint64_t sequence,
                                                          std::string_view subject) {
    return arrived_.empty() ? std::nullopt : arrived_.take(epoch, sequence, subject);
  }
  [[nodiscard]] bool any_arrived() const { return !arrived_.empty(); }
  // Acknowledged in a session that ended before it was covered.
  void add_arrived(const std::string& epoch, std::uint64_t sequence,
                   std::uint64_t target_sequence) {
    arrived_.give_back(epoch, sequence, target_sequence);
  }

  // For the next message to be published.
  [[nodiscard]] Expected expected() const;
  void sent();
  // Whether the next message must wait until the first one is acknowledged: that one may be
  // refused, and nothing would keep the others from being stored.
  [[nodiscard]] bool holds() const {
    return first_ == First::kSent && first_expects_ && (placed() || !chained());
  }
  // An error: it was stored after all had been read back, late, and others may be by now, so the
  // session has to end.
  [[nodiscard]] std::optional<Error> acknowledged(const nats::PublishAck& ack);
  // The position covers the message now; `target_sequence` 0: not known.
  void covered(const std::string& epoch, std::uint64_t sequence, std::uint64_t target_sequence);
  // What a refused expectation means for the session, which has to end with it.
  [[nodiscard]] Error conflict(const Error& error);

  [[nodiscard]] const std::optional<Exactness>& exactness() const { return exactness_; }

 private:
  enum class First { kToCome, kSent, kAcknowledged };

  Result<nats::StreamInfo> look(const std::string& stream);
  Result<void> check_mark(MonotonicTime now);
  Result<void> confirm(const ReadBack::Found& found);
  Result<void> finish_reading(const ReadBack::Found& found);
  // Whether each message is to be stored only right after the one before it.
  [[nodiscard]] bool chained() const;
  // Whether each message expects its place, instead of the id of the one before it.
  [[nodiscard]] bool placed() const;
  [[nodiscard]] Result<void> check_exactness() const;
  void judge(Exactness::Kind kind, std::string reason);
  void only_window(std::string reason) { judge(Exactness::Kind::kWindow, std::move(reason)); }

  nats::Broker& broker_;
  const std::string job_id_;
  const std::string job_name_;
  const bool strict_;
  const bool message_ids_;
  const std::function<void()> wake_;

  // Kept from session to session.
  std::optional<TargetMark> mark_;
  std::uint64_t covered_ = 0;  // the highest target sequence of what the position covers
  Arrived arrived_;
  std::optional<Exactness> exactness_;
  bool foreign_ = false;  // others publish into the target
  int conflicts_ = 0;     // since a session that had none and an acknowledgement
  std::uint64_t conflict_after_ = 0;
  EndOfStream end_of_stream_;

  // The session.
  std::optional<nats::StreamInfo> info_;
  std::unique_ptr<ReadBack> read_back_;
  bool resumed_ = false;   // there was a mark
  std::uint64_t end_ = 0;  // the target was read up to here
  MonotonicTime read_at_;
  std::uint64_t sent_ = 0;
  First first_ = First::kToCome;
  bool first_expects_ = false;  // what the target's last sequence is
  bool conflicted_ = false;     // an expectation was refused
};

}  // namespace nats3::jobs
