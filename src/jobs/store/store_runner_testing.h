// StoreRunnerTest: a fixture for tests of store jobs.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"

namespace nats3::jobs {

// A stream "S", and work queues where they are wanted.
class StoreRunnerTest : public ::testing::Test {
 protected:
  StoreRunnerTest() { world_.broker.make_stream("S", {.subjects = {"s.>"}}); }

  // Makes the work queue "Q". Gives a job that archives `subject` of it.
  StoreSpec make_queue(const std::string& subject = "q.>") {
    world_.broker.make_stream("Q", {.subjects = {"q.>"}, .retention = nats::Retention::kWorkQueue});
    StoreSpec queue = store_spec();
    queue.stream = "Q";
    queue.subject = subject;
    return queue;
  }

  World world_;
};

}  // namespace nats3::jobs
