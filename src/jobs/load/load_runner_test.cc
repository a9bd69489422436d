#include "jobs/load/load_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/load/load_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

TEST_F(LoadRunnerTest, ReplaysEverythingInOrderAndEnds) {
  archive(57);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(1s);
  EXPECT_EQ(payloads("T"), payloads("S"));
  const LoadJob job = server.load(id);
  EXPECT_EQ(job.info.status, Status::kSuccess);
  EXPECT_EQ(job.progress.messages, 57);
  EXPECT_EQ(job.progress.total_messages, 57);
  EXPECT_EQ(job.progress.last_sequence, 57);
  EXPECT_EQ(server.metrics().nats_messages.in, 57);
  EXPECT_EQ(server.metrics().loads.completed, 1);
  EXPECT_EQ(server.metrics().loads.current, 0);
  EXPECT_EQ(world_.broker.open_sinks(), 0);
}

TEST_F(LoadRunnerTest, SelectsBySubjectAndTime) {
  world_.fill("s.b", 3);
  world_.clock.advance(1h);
  world_.fill("s.c", 4);
  const Timestamp later = world_.clock.now();
  world_.clock.advance(1h);
  archive(5);
  TestServer server(world_);
  LoadSpec by_subject = load_spec();
  by_subject.read_subject = "s.c";
  by_subject.write_subject = "t.c";
  server.create(by_subject);
  LoadSpec by_time = load_spec();
  by_time.write_subject = "t.time";
  by_time.from_time = later;
  by_time.to_time = later;
  server.create(by_time);
  server.run_for(1s);
  EXPECT_THAT(world_.stored("T"), SizeIs(8));
}

// What was read before once came again as read with each pass.
TEST_F(LoadRunnerTest, AFollowingLoadCountsEachChunkOnce) {
  archive(50);
  const std::size_t chunks = world_.chunks("S").size();
  LoadSpec polling = load_spec();
  polling.poll_interval = 1s;
  TestServer server(world_);
  const std::string id = server.create(polling).info.id;
  server.run_for(10s);
  EXPECT_EQ(payloads("T"), payloads("S"));
  EXPECT_EQ(server.load(id).progress.chunks, chunks);
}

TEST_F(LoadRunnerTest, IsRefusedWithAReasonWhenItCannotWork) {
  archive(10);
  TestServer server(world_);
  const auto refusal = [&](LoadSpec bad) {
    const auto created = server.manager().create(std::move(bad), Start::kNow);
    EXPECT_FALSE(created);
    EXPECT_EQ(created.error().code, ErrorCode::kInvalid);
    return created.error().message;
  };
  LoadSpec bad = load_spec();
  bad.write_subject = "nowhere";
  EXPECT_THAT(refusal(bad), HasSubstr("nowhere"));
  bad = load_spec();
  bad.bucket = "other-bucket";
  EXPECT_THAT(refusal(bad), HasSubstr("other-bucket"));
  bad = load_spec();
  bad.read_stream = "NOT-ARCHIVED";
  EXPECT_THAT(refusal(bad), HasSubstr("NOT-ARCHIVED"));
  EXPECT_THAT(*server.manager().load_jobs(), IsEmpty());
}

TEST_F(LoadRunnerTest, HoldsLittleWhereAllHaveNoMemoryForMore) {
  for (int i = 0; i < 20; ++i) {
    world_.broker.publish("s.a", std::string(500'000, 'x'));
  }
  archive_all(world_, store_spec());
  std::uint64_t held = UINT64_MAX;
  std::size_t in_flight = SIZE_MAX;
  for (const std::uint64_t memory : {std::uint64_t{256} << 20, std::uint64_t{1}}) {
    world_.broker.delete_stream("T");
    world_.broker.make_stream("T", {.subjects = {"t.>"}});
    world_.load_memory = memory;
    TestServer server(world_);
    world_.broker.hold_acks(true);
    const std::string id = server.create(load_spec()).info.id;
    server.run_for(3s);
    EXPECT_LT(world_.stored("T").size(), in_flight) << "with " << memory << " bytes for all";
    EXPECT_LT(server.load_memory().held(), held);
    in_flight = world_.stored("T").size();
    held = server.load_memory().held();
    world_.broker.hold_acks(false);
    server.run_for(30s);
    EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
    EXPECT_EQ(payloads("T"), payloads("S"));
    EXPECT_EQ(server.load_memory().held(), 0);
  }
}

TEST_F(LoadRunnerTest, IsRefusedWhereItWouldReplayWhatItPublished) {
  archive(10);
  TestServer server(world_);
  StoreSpec store = store_spec();
  store.subject = ">";
  const std::string id = server.create(store).info.id;
  LoadSpec circles = load_spec();
  circles.poll_interval = 1s;
  circles.read_subject = "s.>";
  circles.write_subject = "s.again.{{subject}}";
  const auto refused = server.manager().create(circles, Start::kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message, ::testing::HasSubstr(id));
  LoadSpec once = circles;
  once.poll_interval.reset();
  EXPECT_TRUE(server.manager().create(once, Start::kNow));
  LoadSpec elsewhere = load_spec();
  elsewhere.poll_interval = 1s;
  EXPECT_TRUE(server.manager().create(elsewhere, Start::kNow));
}

}  // namespace
}  // namespace nats3::jobs
