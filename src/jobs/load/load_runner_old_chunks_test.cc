// Load jobs that replay what nats-s3-connector archived.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/v1_testing.h"
#include "jobs/load/load_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

// Chunks of nats-s3-connector's.
class OldChunks {
 public:
  explicit OldChunks(World& world) : world_(world) {}

  // Adds one with `count` messages, `second` seconds after the first chunk. Returns its key.
  std::string add(int second, int count) {
    archive::testing::V1TestMessages messages;
    for (int i = 0; i < count; ++i) {
      messages.push_back({.subject = "s.a",
                          .payload = fmt::format("old {}.{}", second, i),
                          .headers = {},
                          .timestamp = fmt::format("2026-01-01T00:00:{:02}.{:03}Z", second, i)});
    }
    const auto codec = second % 2 == 0 ? archive::V1Codec::kBinary : archive::V1Codec::kJson;
    const std::string key = "S/s.>/" + archive::testing::v1_name(codec, messages);
    EXPECT_TRUE(world_.bucket()->put(key, archive::testing::encode_v1(codec, messages)));
    for (const auto& message : messages) {
      payloads_.push_back(message.payload);
    }
    return key;
  }
  // What a replay of both generations gives.
  [[nodiscard]] std::vector<std::string> before(const std::vector<std::string>& newer) const {
    std::vector<std::string> both = payloads_;
    both.insert(both.end(), newer.begin(), newer.end());
    return both;
  }

 private:
  World& world_;
  std::vector<std::string> payloads_;
};

TEST_F(LoadRunnerTest, OldChunksAreReplayedBeforeTheArchive) {
  OldChunks old(world_);
  archive(20);
  for (int second = 0; second < 5; ++second) {
    old.add(second, 7);
  }
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(1s);
  EXPECT_EQ(payloads("T"), old.before(payloads("S")));
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_EQ(server.load(id).progress.messages, 55);
  EXPECT_EQ(server.load(id).progress.total_messages, 55);
  EXPECT_EQ(server.load(id).progress.chunks, 7);
  EXPECT_EQ(server.load(id).progress.last_sequence, 20);
}

TEST_F(LoadRunnerTest, OldChunksAloneAreAnArchive) {
  OldChunks old(world_);
  old.add(0, 7);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(1s);
  EXPECT_EQ(payloads("T"), old.before(payloads("S")));
  EXPECT_EQ(server.load(id).info.status, Status::kSuccess);
  EXPECT_EQ(server.load(id).progress.last_sequence, 0);  // nobody knows
}

TEST_F(LoadRunnerTest, GoesOnInOldChunksAfterAKillAtAnyPoint) {
  OldChunks old(world_);
  archive(20);
  for (int second = 0; second < 5; ++second) {
    old.add(second, 7);
  }
  replay_killed_at_any_point(old.before(payloads("S")));
}

TEST_F(LoadRunnerTest, OldChunksAreDeletedOnceTheCheckpointIsOnRecord) {
  OldChunks old(world_);
  const std::string first = old.add(0, 7);
  const std::string second = old.add(1, 7);
  LoadSpec deleting = load_spec();
  deleting.delete_chunks = true;
  deleting.poll_interval = 2s;
  TestServer server(world_);
  const std::string id = server.create(deleting).info.id;
  server.run_for(3s);
  EXPECT_EQ(payloads("T"), old.before(payloads("S")));
  EXPECT_FALSE(world_.bucket()->head(first));
  EXPECT_FALSE(world_.bucket()->head(second));
  EXPECT_THAT(world_.bucket()->list({})->objects, IsEmpty());  // no watermark either
  archive(10);
  server.run_for(5s);
  EXPECT_EQ(payloads("T"), old.before(payloads("S")));
  EXPECT_EQ(server.load(id).info.status, Status::kRunning);
}

TEST_F(LoadRunnerTest, ADamagedOldChunkEndsTheJobAndIsNamed) {
  OldChunks old(world_);
  old.add(0, 7);
  const std::string key = old.add(1, 7);
  old.add(2, 7);
  ASSERT_TRUE(world_.bucket()->put(key, "x"));
  replay_with_damage(key, 14);
}

TEST_F(LoadRunnerTest, AMessageOfAnOldChunkThatIsRefusedIsNamed) {
  OldChunks old(world_);
  const std::string key = old.add(0, 7);
  world_.broker.fail_publish(3, nats::MemoryBroker::PublishFault::kRefuseBad);
  TestServer server(world_);
  const std::string id = server.create(load_spec()).info.id;
  server.run_for(3s);
  EXPECT_EQ(server.load(id).info.status, Status::kFailure);
  EXPECT_THAT(server.load(id).info.last_error, HasSubstr("message 3 in '" + key + "'"));
}

}  // namespace
}  // namespace nats3::jobs
