// Store jobs of work queues, some of whose messages are delivered again, or to another reader
// first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/chunk_writer.h"
#include "jobs/store/store_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::IsEmpty;
using namespace std::chrono_literals;

// Puts a chunk of what the stream "Q" has, without message `left_out`.
void put_chunk(World& world, const StoreSpec& job, std::uint64_t left_out) {
  const auto catalog = *catalog::Catalog::open(world.bucket(), "", "Q");
  const std::string epoch = catalog->epochs()->front().name;
  archive::ChunkWriter writer({.stream = "Q", .epoch = epoch, .filter = job.subject});
  for (const auto& owned : world.broker.messages("Q")) {
    if (owned.message().sequence != left_out) {
      ASSERT_TRUE(writer.add(owned.message()));
    }
  }
  const auto chunk = writer.finish();
  ASSERT_TRUE(chunk);
  const auto name = archive::chunk_name(chunk->summary, archive::Encoding::kBinary);
  ASSERT_TRUE(world.bucket()->put(archive::chunk_key(catalog->location(), epoch, job.subject, name),
                                  chunk->bytes));
}

// It was tried again and again.
TEST_F(StoreRunnerTest, WhatHasTheKeyOfOtherMessagesIsCutAtAnotherPlace) {
  const StoreSpec queue = make_queue();
  TestServer server(world_);
  const std::string id = server.create(queue).info.id;
  server.run();
  world_.fill("q.a", 11);
  put_chunk(world_, queue, 2);
  world_.broker.remove_message("Q", 3);  // ten others are left, from 1 to 11 as well
  server.run_for(60s);
  EXPECT_THAT(world_.stored("Q"), IsEmpty());
  EXPECT_EQ(world_.archived("Q").count(2), 1U);
  EXPECT_EQ(world_.archived("Q").count(3), 1U) << "what was there stays";
  EXPECT_EQ(server.store(id).info.last_error, "");
}

}  // namespace
}  // namespace nats3::jobs
