// StoreIntake: takes what a store job's consumer delivers into the job's chunks, and refuses what
// isn't the job's or comes out of order.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>

#include "jobs/job.h"
#include "jobs/store/chunk_cutter.h"
#include "jobs/store/delivery_watch.h"
#include "jobs/store/unseen_watch.h"
#include "nats/broker.h"

namespace nats3::jobs {

class StoreIntake {
 public:
  // Who is told of a message; they outlive the intake.
  struct Targets {
    ChunkCutter& cutter;
    UnseenWatch& unseen;
    DeliveryWatch& watch;
  };
  // What there may be after a look.
  enum class Came { kNothing, kFew, kMany };

  // Without acknowledgements (`in_order`), `source` delivers what comes after sequence `received`.
  StoreIntake(std::unique_ptr<nats::Source> source, const StoreSpec& spec, const Targets& targets,
              bool in_order, std::uint64_t received);
  ~StoreIntake();
  StoreIntake(const StoreIntake&) = delete;
  StoreIntake& operator=(const StoreIntake&) = delete;

  // Takes some of what has arrived, a few megabytes at most. Errors: those of Source::fetch();
  // kUnavailable when the consumer has to be opened anew.
  [[nodiscard]] Result<Came> take(MonotonicTime now);

  [[nodiscard]] nats::Source& source() { return *source_; }
  [[nodiscard]] const nats::Source& source() const { return *source_; }
  // The last sequence taken, in order; with acknowledgements what the intake was made with.
  [[nodiscard]] std::uint64_t received() const { return received_; }

 private:
  Result<void> check(const archive::Message& message) const;

  const std::unique_ptr<nats::Source> source_;
  const StoreSpec& spec_;
  const Targets targets_;
  const bool in_order_;
  std::uint64_t received_;
};

}  // namespace nats3::jobs
