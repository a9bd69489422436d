// Load jobs that go on when the target has forgotten their message ids: what arrived is read back,
// or the job says that it can't be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/load/load_runner_testing.h"
#include "nats/headers.h"

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using namespace std::chrono_literals;

TEST_F(ForgetfulTargetTest, WhatArrivedIsReadBack) {
  archive(57);
  make_target();
  kill_a_load(load_spec());
  const LoadJob job = go_on();
  EXPECT_EQ(job.info.status, Status::kSuccess);
  EXPECT_EQ(job.exactness, Exactness{});
  EXPECT_EQ(job.progress.messages, 57);
  EXPECT_EQ(payloads("T"), payloads("S"));
  EXPECT_EQ(world_.broker.open_sources(), 0);
}

// How long the first message of the server that goes on is on its way, when what the killed one had
// sent comes before it.
class LateMessagesTest : public ForgetfulTargetTest,
                         public ::testing::WithParamInterface<std::chrono::seconds> {};

TEST_P(LateMessagesTest, AreReadBackAsWell) {
  archive(57);
  make_target();
  world_.broker.hold_publishes(true);
  {
    TestServer server(world_);
    id_ = server.create(load_spec()).info.id;
    server.run();
    world_.broker.deliver_publishes(10);
  }
  world_.clock.advance(1h);
  TestServer server(world_);
  server.run();  // reads ten, and sends the next one
  world_.broker.deliver_late_publishes(1'000);
  world_.clock.advance(GetParam());
  world_.broker.deliver_publishes(1);
  server.run();
  world_.clock.advance(1h);
  world_.broker.hold_publishes(false);
  server.run_for(10s);
  EXPECT_EQ(server.load(id_).info.status, Status::kSuccess);
  EXPECT_EQ(payloads("T"), payloads("S"));
}

// At once it is answered as a duplicate; later it is refused for what it expects.
INSTANTIATE_TEST_SUITE_P(OnTheirWay, LateMessagesTest, ::testing::Values(0s, 3'600s));

TEST_F(ForgetfulTargetTest, WhatIsGoneFromTheTargetIsTold) {
  archive(57);
  make_target();
  kill_a_load(load_spec());
  world_.broker.remove_message("T", 7);
  expect_window(go_on(), "gone from stream 'T'");
  EXPECT_THAT(world_.stored("T"), SizeIs(57));  // the one that was removed came again
}

// A replica may keep what a leader that died had not spread, until it follows another one.
TEST_F(ForgetfulTargetTest, WhatAReplicaAloneHasDidNotArrive) {
  archive(57);
  make_target();
  kill_a_load(load_spec());
  const std::uint64_t last = world_.stored("T").rbegin()->first;
  world_.broker.hide_last("T", 1);
  world_.broker.hold_acks(false);
  TestServer server(world_);
  server.run_for(3s);
  EXPECT_EQ(world_.stored("T").rbegin()->first, last);
  EXPECT_THAT(server.load(id_).info.last_error, HasSubstr("a replica of stream 'T' has message"));
  world_.broker.hide_last("T", 0);
  world_.broker.forget_above("T", last - 1);
  server.run_for(10s);
  EXPECT_EQ(server.load(id_).info.status, Status::kSuccess);
  EXPECT_EQ(server.load(id_).exactness, Exactness{});
  EXPECT_EQ(payloads("T"), payloads("S"));
}

// And it may lack what its leader has, until that comes.
TEST_F(ForgetfulTargetTest, WhatAReplicaDoesNotHaveYetIsWaitedFor) {
  archive(57);
  for (const auto lags : {2s, 8s}) {
    make_target();
    kill_a_load(load_spec());
    world_.broker.lag_behind("T", 2);
    world_.broker.hold_acks(false);
    TestServer server(world_);
    server.run_for(lags);
    world_.broker.lag_behind("T", 0);
    server.run_for(20s);
    EXPECT_EQ(server.load(id_).info.status, Status::kSuccess);
    EXPECT_EQ(server.load(id_).exactness, Exactness{});
    EXPECT_EQ(payloads("T"), payloads("S"));
  }
}

// A new leader that hasn't applied its log tells of less than was acknowledged.
TEST_F(ForgetfulTargetTest, ATargetThatEndsTooEarlyForAMomentLostNothing) {
  archive(57);
  make_target();
  LoadSpec polling = load_spec();
  polling.poll_interval = 1s;
  world_.broker.fail_publish(40, nats::MemoryBroker::PublishFault::kRefuse);
  TestServer server(world_);
  const std::string id = server.create(polling).info.id;
  server.run();
  ASSERT_THAT(payloads("T"), SizeIs(56));
  world_.broker.hide_last("T", 55);
  server.run_for(2s);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("it may have a new leader"));
  world_.broker.hide_last("T", 0);
  server.run_for(10s);
  EXPECT_EQ(server.load(id).exactness, Exactness{});
  EXPECT_THAT(payloads("T"), ::testing::UnorderedElementsAreArray(payloads("S")));
}

TEST_F(ForgetfulTargetTest, ATargetWithReplicasIsNeverAskedForALastId) {
  archive(57);
  for (const bool strict : {false, true}) {
    make_target({.replicated = true});
    LoadSpec spec = load_spec();
    spec.strict = strict;
    kill_a_load(spec);
    EXPECT_EQ(go_on().info.status, Status::kSuccess);
    EXPECT_EQ(payloads("T"), payloads("S"));
    for (const auto& owned : world_.broker.messages("T")) {
      const archive::Message& message = owned.message();
      EXPECT_EQ(nats::find_header(message.headers, "Nats-Expected-Last-Msg-Id"), "");
      EXPECT_EQ(nats::find_header(message.headers, "Nats-Expected-Last-Sequence"),
                std::to_string(message.sequence - 1));
      EXPECT_NE(nats::find_header(message.headers, "Nats-Msg-Id"), "");
    }
  }
}

// What was found in the target, and waited for a message before it when the session ended, was
// taken for covered, and published again in the next one.
TEST_F(ForgetfulTargetTest, WhatArrivedAheadIsFoundInEachSession) {
  archive(57);
  make_target();
  world_.broker.fail_publish(40, nats::MemoryBroker::PublishFault::kRefuse);
  {
    TestServer killed(world_);
    killed.create(load_spec());
    killed.run();
  }
  ASSERT_THAT(payloads("T"), SizeIs(56));
  world_.broker.publish("t.foreign", "foreign");  // so nothing is expected of the target
  world_.broker.fail_publish(1, nats::MemoryBroker::PublishFault::kDisconnect);
  TestServer server(world_);
  server.run_for(10s);
  auto expected = payloads("S");
  expected.emplace_back("foreign");
  EXPECT_THAT(payloads("T"), ::testing::UnorderedElementsAreArray(expected));
}

TEST_F(ForgetfulTargetTest, WhatWasAcknowledgedAheadAndIsGoneComesAgain) {
  archive(57);
  make_target();
  world_.broker.fail_publish(5, nats::MemoryBroker::PublishFault::kRefuse);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run();
  ASSERT_THAT(payloads("T"), SizeIs(56));
  world_.broker.forget_above("T", 4);
  world_.clock.advance(200ms);  // and of the ids
  server.run_for(20s);
  expect_window(server.load(id), "lost messages");
  EXPECT_EQ(payloads("T"), payloads("S"));
}

TEST_F(ForgetfulTargetTest, ATargetThatIsMadeAnewIsTold) {
  archive(57);
  make_target();
  kill_a_load(load_spec());
  world_.clock.advance(1s);
  make_target();
  expect_window(go_on(), "made anew");
  EXPECT_EQ(payloads("T"), payloads("S"));
}

TEST_F(ForgetfulTargetTest, AWorkQueueCannotBeReadBack) {
  archive(57);
  make_target({.retention = nats::Retention::kWorkQueue});
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(1s);
  expect_window(server.load(id), "when they are consumed");
}

TEST_F(ForgetfulTargetTest, SeveralTargetsCannotBeReadBack) {
  world_.fill("s.b", 5);
  archive(10);
  world_.broker.delete_stream("T");
  world_.broker.make_stream("T", {.subjects = {"t.s.a"}});
  world_.broker.make_stream("T2", {.subjects = {"t.s.b"}});
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(1s);
  expect_window(server.load(id), "T, T2");
}

TEST_F(ForgetfulTargetTest, WithoutAcknowledgementsItIsRefusedAndFails) {
  archive(57);
  make_target({.no_ack = true});
  TestServer server(world_);
  const auto refused = server.manager().create(load_spec(), Start::kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(refused.error().message, HasSubstr("no_ack"));
  make_target();
  const std::string id = server.manager().create(load_spec(), Start::kPaused)->info.id;
  make_target({.no_ack = true});
  ASSERT_TRUE(server.manager().resume_load(id));
  server.run_for(1s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("no_ack"));
}

TEST_F(ForgetfulTargetTest, StrictEndsWhereOthersPublish) {
  archive(57);
  make_target();
  LoadSpec strict = load_spec();
  strict.strict = true;
  world_.broker.hold_publishes(true);
  TestServer server(world_);
  const std::string id = server.create(strict).info.id;
  server.run();
  world_.broker.deliver_publishes(10);
  world_.broker.publish("t.foreign", "foreign");
  world_.broker.hold_publishes(false);
  server.run_for(10s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("somebody else publishes"));
  EXPECT_THAT(world_.stored("T"), SizeIs(11));
  ASSERT_TRUE(server.manager().resume_load(id));
  server.run_for(10s);
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_THAT(world_.stored("T"), SizeIs(58));
}

// A poll that finds nothing has nothing under way: what others publish meanwhile isn't read back.
TEST_F(ForgetfulTargetTest, NothingIsReadBackAfterAPassThatEnded) {
  archive(57);
  make_target();
  LoadSpec polling = load_spec();
  polling.poll_interval = 1s;
  {
    TestServer server(world_);
    id_ = server.create(polling).info.id;
    server.run_for(3s);
    EXPECT_EQ(payloads("T"), payloads("S"));
  }
  world_.broker.publish("t.foreign", "foreign");
  const LoadJob job = go_on();
  EXPECT_EQ(job.info.status, Status::kRunning);
  EXPECT_EQ(job.exactness, Exactness{});
  EXPECT_THAT(world_.stored("T"), SizeIs(58));
}

}  // namespace
}  // namespace nats3::jobs
