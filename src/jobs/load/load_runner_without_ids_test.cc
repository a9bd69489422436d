// Load jobs without message ids: sequences of the target keep what is late in its place.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <span>

#include "jobs/load/load_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using namespace std::chrono_literals;

// Message ids are not even given to the target: sequences keep what is late in its place.
class WithoutMessageIdsTest : public ForgetfulTargetTest {
 protected:
  WithoutMessageIdsTest() {
    spec_.strict = true;
    spec_.message_ids = false;
    archive(57);
    make_target();
  }
  // It can't be exact, and ends.
  static void expect_failure(const LoadJob& job, const std::string& reason) {
    EXPECT_EQ(job.info.status, Status::kFailure);
    EXPECT_THAT(job.info.last_error, HasSubstr("without message ids"));
    EXPECT_THAT(job.info.last_error, HasSubstr(reason));
  }

  LoadSpec spec_ = load_spec();
};

TEST_F(WithoutMessageIdsTest, WhatArrivedIsReadBack) {
  kill_a_load(spec_);
  const LoadJob job = go_on();
  EXPECT_EQ(job.info.status, Status::kSuccess);
  EXPECT_EQ(job.exactness, Exactness{});
  EXPECT_EQ(payloads("T"), payloads("S"));
}

TEST_F(WithoutMessageIdsTest, EachMessageExpectsItsPlace) {
  world_.broker.publish("t.foreign", "before");
  TestServer server(world_);
  server.create(spec_);
  server.run_for(1s);
  const auto messages = world_.broker.messages("T");
  ASSERT_THAT(messages, SizeIs(58));
  for (const auto& owned : std::span(messages).subspan(1)) {
    const archive::Message& message = owned.message();
    std::map<std::string_view, std::string_view> headers;
    for (const auto& [name, value] : message.headers) {
      headers.emplace(name, value);
    }
    EXPECT_EQ(headers["Nats-Expected-Last-Sequence"], std::to_string(message.sequence - 1));
    EXPECT_FALSE(headers.contains("Nats-Msg-Id"));
  }
}

TEST_F(WithoutMessageIdsTest, LateMessagesTakeTheirOwnPlaces) {
  world_.broker.hold_publishes(true);
  {
    TestServer server(world_);
    id_ = server.create(spec_).info.id;
    server.run();
    world_.broker.deliver_publishes(1);  // the first one goes alone
    server.run();
    world_.broker.deliver_publishes(9);
  }
  world_.clock.advance(1h);
  TestServer server(world_);
  server.run();  // reads ten, and sends the next one
  world_.broker.deliver_late_publishes(20);
  EXPECT_THAT(payloads("T"), SizeIs(30));
  world_.broker.deliver_publishes(1);  // is refused
  world_.broker.hold_publishes(false);
  server.run_for(10s);
  world_.broker.deliver_late_publishes(1'000);  // all are refused
  EXPECT_EQ(server.load(id_).info.status, Status::kSuccess);
  EXPECT_EQ(payloads("T"), payloads("S"));
}

TEST_F(WithoutMessageIdsTest, WhatIsGoneFromTheTargetEndsIt) {
  kill_a_load(spec_);
  world_.broker.remove_message("T", 1);
  expect_failure(go_on(), "gone from stream 'T'");
}

TEST_F(WithoutMessageIdsTest, ATargetThatIsMadeAnewEndsIt) {
  kill_a_load(spec_);
  world_.clock.advance(1s);
  make_target();
  expect_failure(go_on(), "made anew");
}

TEST_F(WithoutMessageIdsTest, OthersInTheTargetEndIt) {
  world_.broker.hold_publishes(true);
  TestServer server(world_);
  const std::string id = server.create(spec_).info.id;
  server.run();
  world_.broker.publish("t.foreign", "foreign");
  world_.broker.hold_publishes(false);
  server.run_for(10s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("somebody else publishes"));
  EXPECT_THAT(payloads("T"), SizeIs(1));  // none came after it
}

// Those behind the one that was refused are stored, for they expect no message but a place.
TEST_F(WithoutMessageIdsTest, OthersInTheMiddleOfAWindowEndItAsWell) {
  world_.broker.hold_publishes(true);
  TestServer server(world_);
  const std::string id = server.create(spec_).info.id;
  server.run();
  world_.broker.deliver_publishes(1);
  server.run();
  world_.broker.deliver_publishes(9);
  world_.broker.publish("t.foreign", "foreign");
  world_.broker.hold_publishes(false);
  server.run_for(10s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("somebody else publishes"));
  EXPECT_THAT(payloads("T"), SizeIs(57));  // all but the eleventh
  ASSERT_TRUE(server.manager().resume_load(id));
  server.run_for(10s);
  expect_failure(server.load(id), "somebody else publishes");  // for what is late may come yet
  EXPECT_THAT(payloads("T"), SizeIs(57));
}

TEST_F(WithoutMessageIdsTest, OthersAreNoticedAfterAKillAsWell) {
  kill_a_load(spec_);
  world_.broker.publish("t.foreign", "foreign");
  expect_failure(go_on(), "somebody else publishes");
}

// Each at its own pace: a session could find messages between those that an earlier one had sent.
TEST_F(WithoutMessageIdsTest, AnArchiveOfSeveralJobsIsRefused) {
  StoreSpec other = store_spec();
  other.name = "other";
  other.subject = "s.a";
  archive_all(world_, other);
  TestServer server(world_);
  const auto refused = server.manager().create(spec_, Start::kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("several jobs"));
}

TEST_F(WithoutMessageIdsTest, WhatAWorkQueueMayDeliverAgainHasToBeFollowed) {
  world_.broker.make_stream("Q", {.subjects = {"q.>"}, .retention = nats::Retention::kWorkQueue});
  world_.fill("q.a", 20);
  StoreSpec queue = store_spec();
  queue.stream = "Q";
  queue.subject = "q.>";
  archive_all(world_, queue);
  spec_.read_stream = "Q";
  spec_.read_subject = "q.>";
  TestServer server(world_);
  const auto refused = server.manager().create(spec_, Start::kNow);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("delivered again"));
  spec_.poll_interval = 1s;
  EXPECT_TRUE(server.manager().create(spec_, Start::kNow));
}

TEST_F(WithoutMessageIdsTest, WhereNothingCanBeReadBackItIsRefused) {
  make_target({.retention = nats::Retention::kWorkQueue});
  TestServer server(world_);
  const auto refused = server.manager().create(spec_, Start::kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("without message ids"));
}

}  // namespace
}  // namespace nats3::jobs
