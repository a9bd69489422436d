// For tests of store jobs: another reader of a job's consumer.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jobs/simulation/jobs_testing.h"
#include "jobs/store/adoption.h"
#include "jobs/store/store_consumer.h"

namespace nats3::jobs {

// What it takes comes to others once its ack wait is over.
inline std::unique_ptr<nats::Source> open_other(World& world, const StoreSpec& job) {
  auto other = world.broker.open_source({.stream = job.stream,
                                         .filter_subject = job.subject,
                                         .consumer = connector_consumer(job.subject),
                                         .explicit_ack = true,
                                         .ack_wait = kAckWait});
  EXPECT_TRUE(other);
  return std::move(*other);
}

// Gives the ack subjects, with which it may keep them.
inline std::vector<std::string> take(nats::Source& reader, std::size_t count) {
  std::vector<std::string> held;
  const auto batch = reader.fetch({.max_messages = count, .max_bytes = 1 << 20});
  for (const nats::Delivery& delivery : batch->deliveries()) {
    held.emplace_back(delivery.ack_subject);
  }
  EXPECT_EQ(held.size(), count);
  return held;
}

inline void take_one(nats::Source& reader) { take(reader, 1); }

}  // namespace nats3::jobs
