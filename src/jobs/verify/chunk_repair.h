// ChunkRepair: archives again what a verification can't read, out of the stream it was archived
// from, as long as that still has every one of the messages.
//
// Of a damaged chunk the key tells the first and last sequence, the number of messages, and two
// times to the nanosecond: what the stream has must give that very key, or it isn't the same. The
// chunk then has the bytes it had, and replaces the damaged one. Of a missing chunk nothing is
// known but the range. So it is made only when the stream can't have lost a message of it, and the
// chunk after it is of the same life of the stream. When both copies of a damaged chunk's header
// are gone, what was archived last before it isn't known: then nothing may lie between it and the
// chunk before it, as far as the stream can tell.
//
// Nothing whole is ever replaced: what is under the key is looked at again just before. A whole
// chunk that lies under the key of another one is replaced only when it is under its own as well.
//
// Messages are read without acknowledgements, so nobody else's consumer notices, and only from
// streams that keep what was read. A store job that works at the same place doesn't mind: it never
// writes another content under a key.
//
// Threads: all but idle() within the steps of one job; tasks do what may block for long.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "catalog/finding.h"
#include "jobs/job.h"
#include "jobs/job_environment.h"
#include "jobs/store/kept_chunk.h"

namespace nats3::jobs {

// What it came to.
struct RepairOutcome {
  bool repaired = false;
  std::string detail;  // why not; or what was done
};

class ChunkRepair final : public std::enable_shared_from_this<ChunkRepair> {
 public:
  // `on_ready` is called, on any thread, when advance() can do more.
  ChunkRepair(const JobEnvironment& environment, std::shared_ptr<const catalog::Catalog> catalog,
              catalog::Lost lost, std::function<void()> on_ready);
  ~ChunkRepair();

  // Does what can be done now; nullopt: call again after on_ready, and at least every half second.
  // Errors: those of Broker and ObjectStore that heal by themselves: begin anew with another one.
  [[nodiscard]] Result<std::optional<RepairOutcome>> advance();

  // Whether no task is under way. Any thread.
  [[nodiscard]] bool idle() const;

 private:
  enum class State { kBegin, kReading, kWriting };
  enum class Written { kPut, kWasThere };

  Result<std::optional<RepairOutcome>> begin();
  Result<std::optional<RepairOutcome>> check_missing(const nats::StreamInfo& info);
  Result<std::optional<RepairOutcome>> read();
  Result<std::optional<RepairOutcome>> finish_chunk();
  Result<std::optional<RepairOutcome>> finish_write(const Result<Written>& written);
  Result<bool> stream_has_all_after(std::uint64_t sequence) const;
  void write(std::shared_ptr<KeptChunk> content, const ChunkRange& range);
  Result<Written> make(KeptChunk& content, const ChunkRange& range) const;
  Result<bool> is_whole(const std::string& key, const archive::ChunkLocation& at) const;
  Result<void> check_copied(std::string_view bytes) const;
  Result<void> put(const std::string& key, std::string_view bytes) const;
  [[nodiscard]] bool is_full() const;
  [[nodiscard]] std::uint64_t first() const;
  [[nodiscard]] Codec codec() const;

  const JobEnvironment& environment_;
  const std::shared_ptr<const catalog::Catalog> catalog_;
  const catalog::Lost lost_;
  const std::function<void()> on_ready_;

  State state_ = State::kBegin;
  std::unique_ptr<nats::Source> source_;
  std::unique_ptr<KeptChunk> pending_;  // null while it would be empty
  std::uint64_t previous_ = 0;  // the last sequence of the chunk before the one being gathered
  std::uint64_t read_ = 0;      // last sequence taken
  std::uint64_t messages_ = 0;  // in chunks that are written
  std::uint64_t chunks_ = 0;
  bool all_were_there_ = true;  // so nothing was written
  std::string reservation_;     // of what was done; else ""

  mutable std::mutex mutex_;
  bool under_way_ = false;
  std::optional<Result<Written>> written_;
};

}  // namespace nats3::jobs
