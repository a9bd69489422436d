// StoreRunnerTest: a fixture for tests of store jobs.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"

namespace nats3::jobs {

inline bool puts_a_chunk(const object::Call& call) {
  return call.operation == object::Operation::kPut && call.key.ends_with(".zst");
}

// Chunks are put, and nobody is told.
inline object::FaultPlan puts_without_answers() {
  return [](const object::Call& call) {
    object::Fault fault;
    if (puts_a_chunk(call)) {
      fault.lose_answer = object::made_up_error();
    }
    return fault;
  };
}

// One chunk is put, which nobody is told of, and nothing gets through afterwards.
inline object::FaultPlan only_one_put_without_its_answer() {
  return [put = false](const object::Call& call) mutable {
    object::Fault fault;
    if (put && call.key.ends_with(".zst")) {
      fault.error = object::made_up_error();
    } else if (puts_a_chunk(call)) {
      put = true;
      fault.lose_answer = object::made_up_error();
    }
    return fault;
  };
}

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
