#include "jobs/load_runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/v1_testing.h"
#include "jobs/jobs_testing.h"
#include "jobs/sample_jobs_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

// A stream "S" that is archived, and a target "T" that is empty.
class LoadRunnerTest : public ::testing::Test {
 protected:
  LoadRunnerTest() {
    world_.broker.make_stream("S", {.subjects = {"s.>"}});
    world_.broker.make_stream("T", {.subjects = {"t.>"}});
  }

  // In chunks of ten.
  void archive(int messages) {
    world_.fill("s.a", messages);
    archive_all(world_, store_spec());
  }

  std::vector<std::string> payloads(const std::string& stream) {
    std::vector<std::string> out;
    for (const auto& [sequence, payload] : world_.stored(stream)) {
      out.push_back(payload);
    }
    return out;
  }

  // A chunk of nats-s3-connector's with `count` messages, `second` seconds after its first one.
  std::string add_v1_chunk(int second, int count, const std::string& subject = "s.a") {
    archive::testing::V1TestMessages messages;
    for (int i = 0; i < count; ++i) {
      messages.push_back({.subject = subject,
                          .payload = fmt::format("old {}.{}", second, i),
                          .headers = {},
                          .timestamp = fmt::format("2026-01-01T00:00:{:02}.{:03}Z", second, i)});
    }
    const auto codec = second % 2 == 0 ? archive::V1Codec::kBinary : archive::V1Codec::kJson;
    const std::string key = "S/s.>/" + archive::testing::v1_name(codec, messages);
    EXPECT_TRUE(world_.bucket()->put(key, archive::testing::encode_v1(codec, messages)));
    for (const auto& message : messages) {
      old_.push_back(message.payload);
    }
    return key;
  }

  // What a replay of both generations gives.
  std::vector<std::string> all() {
    std::vector<std::string> payloads_of_both = old_;
    for (const std::string& payload : payloads("S")) {
      payloads_of_both.push_back(payload);
    }
    return payloads_of_both;
  }

  World world_;
  std::vector<std::string> old_;
};

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

TEST_F(LoadRunnerTest, GoesOnAfterAKillAtAnyPoint) {
  archive(57);
  for (int tasks = 0; tasks < 30; ++tasks) {
    world_.broker.delete_stream("T");
    world_.broker.make_stream("T", {.subjects = {"t.>"}});
    auto server = std::make_unique<TestServer>(world_);
    const std::string id = server->create(load_spec()).info.id;
    server->run_some(tasks);
    server.reset();
    TestServer second(world_);
    second.run_for(3s);
    EXPECT_EQ(payloads("T"), payloads("S")) << "killed after " << tasks << " tasks";
    EXPECT_EQ(second.load(id).info.status, Status::kSuccess);
  }
}

TEST_F(LoadRunnerTest, SendsAgainWhatWasNotAcknowledged) {
  archive(57);
  for (const auto fault : {nats::MemoryBroker::PublishFault::kLoseAck,
                           nats::MemoryBroker::PublishFault::kDisconnect}) {
    world_.broker.delete_stream("T");
    world_.broker.make_stream("T", {.subjects = {"t.>"}});
    world_.broker.fail_publish(20, fault);
    TestServer server(world_);
    const std::string id = server.create(load_spec()).info.id;
    server.run_for(30s);
    EXPECT_EQ(payloads("T"), payloads("S"));
    EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
    EXPECT_EQ(server.load(id).progress.messages, 57);
  }
}

TEST_F(LoadRunnerTest, AMessageTheTargetRefusesEndsTheJobAndIsNamed) {
  archive(57);
  world_.broker.fail_publish(20, nats::MemoryBroker::PublishFault::kRefuseBad);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(3s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("message 20 of 'S'"));
  EXPECT_EQ(server.metrics().loads.failed, 1);
  ASSERT_TRUE(server.manager().resume_load(id));
  server.run_for(3s);
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_THAT(world_.stored("T"), SizeIs(57));
}

TEST_F(LoadRunnerTest, RidesOutAnOutageOfNats) {
  archive(57);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  world_.set_nats_available(false);
  server.run_for(20s);
  EXPECT_EQ(server.load(id).info.status, Status::kCreated);
  EXPECT_FALSE(server.load(id).info.last_error.empty());
  world_.set_nats_available(true);
  server.run_for(30s);
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_EQ(payloads("T"), payloads("S"));
}

TEST_F(LoadRunnerTest, RidesOutAnOutageOfTheObjectStore) {
  archive(57);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  world_.faults = object::fail_calls(object::Operation::kGet, 1, 1'000'000);
  server.run_for(20s);
  EXPECT_EQ(server.load(id).info.status, Status::kRunning);
  EXPECT_FALSE(server.load(id).info.last_error.empty());
  world_.faults = {};
  server.run_for(30s);
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_EQ(payloads("T"), payloads("S"));
}

// Message ids are forgotten when a killed load goes on.
class ForgetfulTargetTest : public LoadRunnerTest {
 protected:
  void make_target(nats::MemoryStreamOptions options = {}) {
    options.subjects = {"t.>"};
    options.duplicate_window = 100ms;
    world_.broker.delete_stream("T");
    world_.broker.make_stream("T", std::move(options));
  }
  // Kills a load whose first 30 messages have arrived, before it knows.
  void kill_a_load(const LoadSpec& what) {
    world_.broker.hold_acks(true);
    TestServer server(world_);
    id_ = server.create(what).info.id;
    server.run();
    ASSERT_FALSE(payloads("T").empty());
    ASSERT_EQ(server.load(id_).progress.messages, 0U);
  }
  LoadJob go_on() {
    world_.broker.hold_acks(false);
    world_.clock.advance(1h);
    TestServer server(world_);
    server.run_for(10s);
    return server.load(id_);
  }

  std::string id_;
};

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
  const LoadJob job = go_on();
  EXPECT_EQ(job.info.status, Status::kSuccess);
  EXPECT_EQ(job.exactness->kind, Exactness::Kind::kWindow);
  EXPECT_THAT(job.exactness->reason, HasSubstr("gone from stream 'T'"));
  EXPECT_THAT(world_.stored("T"), SizeIs(57));  // the one that was removed came again
}

TEST_F(ForgetfulTargetTest, ATargetThatIsMadeAnewIsTold) {
  archive(57);
  make_target();
  kill_a_load(load_spec());
  world_.clock.advance(1s);
  make_target();
  const LoadJob job = go_on();
  EXPECT_EQ(job.info.status, Status::kSuccess);
  EXPECT_EQ(job.exactness->kind, Exactness::Kind::kWindow);
  EXPECT_THAT(job.exactness->reason, HasSubstr("made anew"));
  EXPECT_EQ(payloads("T"), payloads("S"));
}

TEST_F(ForgetfulTargetTest, AWorkQueueCannotBeReadBack) {
  archive(57);
  make_target({.retention = nats::Retention::kWorkQueue});
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(1s);
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_EQ(server.load(id).exactness->kind, Exactness::Kind::kWindow);
  EXPECT_THAT(server.load(id).exactness->reason, HasSubstr("when they are consumed"));
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
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_EQ(server.load(id).exactness->kind, Exactness::Kind::kWindow);
  EXPECT_THAT(server.load(id).exactness->reason, HasSubstr("T, T2"));
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

TEST_F(LoadRunnerTest, ADamagedChunkEndsTheJobAndIsNamed) {
  archive(57);
  const std::string key = world_.chunks("S")[3].key;
  world_.flip_a_bit(key);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(1s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr(key));
  LoadSpec skip = load_spec();
  skip.on_corrupt = OnCorrupt::kSkip;
  const std::string skipping = server.create(skip).info.id;
  server.run_for(1s);
  EXPECT_EQ(server.load(skipping).info.status, Status::kSuccess);
  EXPECT_EQ(server.load(skipping).progress.messages, 47);
  EXPECT_EQ(server.load(skipping).progress.skipped_chunks, 1);
}

TEST_F(LoadRunnerTest, AMissingChunkEndsTheJobAndIsNamed) {
  archive(57);
  ASSERT_TRUE(world_.bucket()->remove(world_.chunks("S")[3].key));
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(1s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("after 30 up to 40"));
}

TEST_F(LoadRunnerTest, PollingReplaysWhatComesAndDeletesWhatIsReplayed) {
  archive(20);
  TestServer server(world_);
  server.create(store_spec());
  LoadSpec polling = load_spec();
  polling.poll_interval = 2s;
  polling.delete_chunks = true;
  const std::string id = server.create(polling).info.id;
  server.run_for(5s);
  EXPECT_EQ(payloads("T"), payloads("S"));
  EXPECT_THAT(world_.chunks("S"), IsEmpty());
  world_.fill("s.a", 15);
  server.run_for(10s);
  EXPECT_EQ(payloads("T"), payloads("S"));
  EXPECT_EQ(server.load(id).info.status, Status::kRunning);
  EXPECT_THAT(world_.chunks("S"), IsEmpty());
}

// An upload that a dead server had under way came to something late.
TEST_F(LoadRunnerTest, AChunkThatComesBackIsDeletedAgain) {
  archive(30);
  const auto chunk = world_.chunks("S").at(1);
  const std::string bytes = *world_.bucket()->get(chunk.key);
  LoadSpec polling = load_spec();
  polling.poll_interval = 2s;
  polling.delete_chunks = true;
  TestServer server(world_);
  server.create(polling);
  server.run_for(5s);
  ASSERT_THAT(world_.chunks("S"), IsEmpty());
  ASSERT_TRUE(world_.bucket()->put(chunk.key, bytes));
  server.run_for(10s);
  EXPECT_THAT(world_.chunks("S"), IsEmpty());
  EXPECT_EQ(payloads("T"), payloads("S"));
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

// How many tasks the server does before it is killed.
class KilledLoadTest : public LoadRunnerTest, public ::testing::WithParamInterface<int> {};

// What was replayed and is on record isn't read again, so nobody else would delete it.
TEST_P(KilledLoadTest, DeletesWhatWasReplayedBefore) {
  archive(50);
  LoadSpec deleting = load_spec();
  deleting.delete_chunks = true;
  deleting.poll_interval = 1s;
  {
    TestServer server(world_);
    server.create(deleting);
    server.run_some(GetParam());
  }
  TestServer server(world_);
  server.run_for(10s);
  EXPECT_EQ(payloads("T"), payloads("S"));
  EXPECT_THAT(world_.chunks("S"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Kills, KilledLoadTest, ::testing::Range(1, 40));

// Which message's acknowledgement is lost.
class InterruptedLoadTest : public LoadRunnerTest, public ::testing::WithParamInterface<int> {};

// A session that ended in the middle of a batch forgot the chunks of it that were replayed.
TEST_P(InterruptedLoadTest, DeletesWhatItReplayedBefore) {
  archive(50);
  LoadSpec deleting = load_spec();
  deleting.delete_chunks = true;
  world_.broker.fail_publish(GetParam(), nats::MemoryBroker::PublishFault::kLoseAck);
  TestServer server(world_);
  server.create(deleting);
  server.run_for(30s);
  EXPECT_EQ(payloads("T"), payloads("S"));
  EXPECT_THAT(world_.chunks("S"), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Losses, InterruptedLoadTest, ::testing::Values(1, 10, 11, 25, 49, 50));

TEST_F(LoadRunnerTest, DeletesNoChunkOfWhichItLeftSomethingOut) {
  world_.fill("s.b", 5);
  archive(15);  // five and five in one chunk, ten in the other
  LoadSpec partly = load_spec();
  partly.read_subject = "s.a";
  partly.write_subject = "t.a";
  partly.delete_chunks = true;
  TestServer server(world_);
  server.create(partly);
  server.run_for(3s);
  EXPECT_THAT(world_.stored("T"), SizeIs(15));
  ASSERT_THAT(world_.chunks("S"), SizeIs(1));
  EXPECT_EQ(world_.chunks("S").front().name.first, 1U);
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

TEST_F(LoadRunnerTest, OldChunksAreReplayedBeforeTheArchive) {
  archive(20);
  for (int second = 0; second < 5; ++second) {
    add_v1_chunk(second, 7);
  }
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(1s);
  EXPECT_EQ(payloads("T"), all());
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_EQ(server.load(id).progress.messages, 55);
  EXPECT_EQ(server.load(id).progress.total_messages, 55);
  EXPECT_EQ(server.load(id).progress.chunks, 7);
  EXPECT_EQ(server.load(id).progress.last_sequence, 20);
}

TEST_F(LoadRunnerTest, OldChunksAloneAreAnArchive) {
  add_v1_chunk(0, 7);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(1s);
  EXPECT_EQ(payloads("T"), all());
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_EQ(server.load(id).progress.last_sequence, 0);  // nobody knows
}

TEST_F(LoadRunnerTest, GoesOnInOldChunksAfterAKillAtAnyPoint) {
  archive(20);
  for (int second = 0; second < 5; ++second) {
    add_v1_chunk(second, 7);
  }
  for (int tasks = 0; tasks < 30; ++tasks) {
    world_.broker.delete_stream("T");
    world_.broker.make_stream("T", {.subjects = {"t.>"}});
    auto server = std::make_unique<TestServer>(world_);
    const std::string id = server->create(load_spec()).info.id;
    server->run_some(tasks);
    server.reset();
    TestServer second(world_);
    second.run_for(3s);
    EXPECT_EQ(payloads("T"), all()) << "killed after " << tasks << " tasks";
    EXPECT_EQ(second.load(id).info.status, Status::kSuccess);
  }
}

TEST_F(LoadRunnerTest, OldChunksAreDeletedOnceTheCheckpointIsOnRecord) {
  const std::string first = add_v1_chunk(0, 7);
  const std::string second = add_v1_chunk(1, 7);
  LoadSpec deleting = load_spec();
  deleting.delete_chunks = true;
  deleting.poll_interval = 2s;
  TestServer server(world_);
  const std::string id = server.create(deleting).info.id;
  server.run_for(3s);
  EXPECT_EQ(payloads("T"), all());
  EXPECT_FALSE(world_.bucket()->head(first));
  EXPECT_FALSE(world_.bucket()->head(second));
  EXPECT_THAT(world_.bucket()->list({})->objects, IsEmpty());  // no watermark either
  archive(10);
  server.run_for(5s);
  EXPECT_EQ(payloads("T"), all());
  EXPECT_EQ(server.load(id).info.status, Status::kRunning);
}

TEST_F(LoadRunnerTest, ADamagedOldChunkEndsTheJobAndIsNamed) {
  add_v1_chunk(0, 7);
  const std::string key = add_v1_chunk(1, 7);
  add_v1_chunk(2, 7);
  ASSERT_TRUE(world_.bucket()->put(key, "x"));
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(1s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr(key));
  LoadSpec skip = load_spec();
  skip.on_corrupt = OnCorrupt::kSkip;
  const std::string skipping = server.create(skip).info.id;
  server.run_for(1s);
  EXPECT_EQ(server.load(skipping).info.status, Status::kSuccess);
  EXPECT_EQ(server.load(skipping).progress.messages, 14);
  EXPECT_EQ(server.load(skipping).progress.skipped_chunks, 1);
}

TEST_F(LoadRunnerTest, AMessageOfAnOldChunkThatIsRefusedIsNamed) {
  const std::string key = add_v1_chunk(0, 7);
  world_.broker.fail_publish(3, nats::MemoryBroker::PublishFault::kRefuseBad);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(3s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("message 3 in '" + key + "'"));
}

}  // namespace
}  // namespace nats3::jobs
