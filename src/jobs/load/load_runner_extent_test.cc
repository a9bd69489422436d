// Load jobs that replay what is archived when they begin, whatever is archived meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "archive/v1_testing.h"
#include "jobs/load/load_runner_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::SizeIs;
using namespace std::chrono_literals;

class LoadExtentTest : public ForgetfulTargetTest {
 protected:
  using Objects = std::map<std::string, std::string>;

  // What S had when the load began, which is killed: what `archive_later` archives comes after
  // that.
  template <typename Archive>
  void begin(const LoadSpec& spec, const Archive& archive_later) {
    archive(57);
    begun_ = payloads("S");
    const Objects before = objects();
    archive_later();
    later_ = objects();
    for (const auto& [key, bytes] : later_) {
      ASSERT_TRUE(world_.bucket()->remove(key));
    }
    put(before);
    make_target();
    kill_a_load(spec);
  }
  LoadJob go_on_later() {
    put(later_);
    return go_on();
  }
  void archive_more(int messages) {
    world_.fill("s.a", messages);
    archive_all(world_, store_spec());
  }
  void archive_another_subject() {
    world_.fill("s.a", 5);
    StoreSpec other = store_spec();
    other.subject = "s.*";
    archive_all(world_, other);
  }
  Objects objects() const {
    Objects objects;
    const auto listed = *world_.bucket()->list({});
    for (const auto& object : listed.objects) {
      objects[object.key] = *world_.bucket()->get(object.key);
    }
    return objects;
  }
  void put(const Objects& objects) const {
    for (const auto& [key, bytes] : objects) {
      ASSERT_TRUE(world_.bucket()->put(key, bytes));
    }
  }
  void expect_what_was_there(const LoadJob& job) {
    EXPECT_EQ(job.info.status, Status::kSuccess) << job.info.last_error;
    EXPECT_EQ(job.progress.total_messages, begun_.size());
    EXPECT_EQ(payloads("T"), begun_);
  }

  std::vector<std::string> begun_;
  Objects later_;
};

// What it publishes is archived while it reads: it would never come to an end, or replay its own.
TEST_F(LoadExtentTest, ALoadIntoTheStreamThatIsArchivedDoesNotReplayItsOwnMessages) {
  // More than a page of a listing, and than is read before the first of it is archived.
  constexpr int kMessages = 1'500;
  const std::string payload(20'000, 'x');
  for (int i = 0; i < kMessages; ++i) {
    world_.broker.publish("s.a", payload);
  }
  TestServer server(world_);
  const std::string store = server.create(store_spec(1)).info.id;
  server.run_for(10s);
  ASSERT_EQ(server.store(store).progress.messages, kMessages);
  LoadSpec back = load_spec();
  back.write_subject = "{{subject}}";
  const std::string id = server.create(back).info.id;
  for (int i = 0; i < 20 && server.load(id).info.status != Status::kSuccess; ++i) {
    server.run_for(500ms);
  }
  const LoadJob job = server.load(id);
  EXPECT_EQ(job.info.status, Status::kSuccess);
  EXPECT_EQ(job.progress.messages, kMessages);
  EXPECT_EQ(job.progress.total_messages, kMessages);
  EXPECT_THAT(world_.stored("S"), SizeIs(2 * kMessages));
}

TEST_F(LoadExtentTest, GoesOnUpToTheSameAfterAKill) {
  begin(load_spec(), [&] { archive_more(30); });
  expect_what_was_there(go_on_later());
}

TEST_F(LoadExtentTest, GoesOnUpToTheSameWithoutMessageIds) {
  LoadSpec spec = load_spec();
  spec.strict = true;
  spec.message_ids = false;
  begin(spec, [&] {
    archive_more(30);
    archive_another_subject();
  });
  expect_what_was_there(go_on_later());
}

TEST_F(LoadExtentTest, GoesOnUpToTheSameAfterAFailure) {
  archive(30);
  const auto expected = payloads("S");
  const std::string key = world_.chunks("S").at(1).key;
  const std::string bytes = *world_.bucket()->get(key);
  world_.flip_a_bit(key);
  {
    TestServer server(world_);
    id_ = server.create(load_spec()).info.id;
    server.run_for(2s);
    ASSERT_EQ(server.load(id_).info.status, Status::kFailure);
  }
  ASSERT_TRUE(world_.bucket()->put(key, bytes));
  archive_more(30);
  TestServer server(world_);
  ASSERT_TRUE(server.manager().resume_load(id_));
  server.run_for(2s);
  EXPECT_EQ(server.load(id_).info.status, Status::kSuccess);
  EXPECT_EQ(payloads("T"), expected);
}

TEST_F(LoadExtentTest, DeletesWhatItReplayedAndNothingThatCameLater) {
  LoadSpec deleting = load_spec();
  deleting.delete_chunks = true;
  begin(deleting, [&] { archive_more(20); });
  expect_what_was_there(go_on_later());
  ASSERT_THAT(world_.chunks("S"), SizeIs(2));
  EXPECT_EQ(world_.chunks("S").front().name.first, 58U);
}

TEST_F(LoadExtentTest, ReadsNoLaterLifeOfTheStream) {
  begin(load_spec(), [&] {
    world_.broker.delete_stream("S");
    world_.clock.advance(1h);
    world_.broker.make_stream("S", {.subjects = {"s.>"}});
    archive_more(20);
  });
  expect_what_was_there(go_on_later());
}

TEST_F(LoadExtentTest, ReadsNoSubjectThatWasNotArchivedThen) {
  begin(load_spec(), [&] { archive_another_subject(); });
  expect_what_was_there(go_on_later());
}

TEST_F(LoadExtentTest, ReadsNoOldChunksThatCameLater) {
  const auto add = [&](int second) {
    const archive::testing::V1TestMessages messages{
        {.subject = "s.a",
         .payload = fmt::format("old {}", second),
         .headers = {},
         .timestamp = fmt::format("2026-01-01T00:00:{:02}.000Z", second)}};
    const auto codec = archive::V1Codec::kBinary;
    EXPECT_TRUE(world_.bucket()->put("S/s.>/" + archive::testing::v1_name(codec, messages),
                                     archive::testing::encode_v1(codec, messages)));
  };
  add(1);
  add(2);
  make_target();
  kill_a_load(load_spec());
  add(3);
  EXPECT_EQ(go_on().info.status, Status::kSuccess);
  EXPECT_THAT(payloads("T"), ::testing::ElementsAre("old 1", "old 2"));
}

// One that polls has no end.
TEST_F(LoadExtentTest, APollingLoadReplaysWhatComes) {
  archive(20);
  LoadSpec polling = load_spec();
  polling.poll_interval = 1s;
  TestServer server(world_);
  server.create(polling);
  server.run_for(3s);
  archive_more(20);
  server.run_for(5s);
  EXPECT_EQ(payloads("T"), payloads("S"));
}

}  // namespace
}  // namespace nats3::jobs
