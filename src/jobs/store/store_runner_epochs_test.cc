// Store jobs of a stream that was made again, or has lost its latest messages.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>

#include "archive/chunk_writer.h"
#include "jobs/store/store_runner_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;

TEST_F(StoreRunnerTest, BeginsANewEpochWhenTheStreamWasMadeAgain) {
  world_.fill("s.a", 10);
  TestServer server(world_);
  server.create(store_spec());
  server.run_for(2s);
  world_.broker.delete_stream("S");
  server.run_for(2s);
  world_.broker.make_stream("S", {.subjects = {"s.>"}});
  world_.fill("s.a", 10);  // the same sequences, other messages
  server.run_for(30s);
  const auto catalog = *catalog::Catalog::open(world_.bucket(), "", "S");
  EXPECT_EQ(catalog->epochs()->size(), 2);
  EXPECT_EQ(world_.archived("S").size(), 20);
  EXPECT_EQ(world_.archived("S").count(1), 2);
}

// Twenty messages are archived, and the server forgets the last five of them. There are ten others
// when it is looked at again, in a second epoch.
class ForgottenWritesTest : public StoreRunnerTest {
 protected:
  ForgottenWritesTest() {
    world_.fill("s.a", 20);
    server_.create(store_spec());
    server_.run_for(2s);
  }

  // What is archived in the end. `meanwhile` happens before it is looked at again.
  std::multimap<std::uint64_t, std::string> archived_after(const std::function<void()>& meanwhile) {
    world_.broker.forget_above("S", 15);
    world_.broker.lose_sources();
    world_.fill("s.a", 10);
    meanwhile();
    server_.run_for(30s);
    EXPECT_EQ(catalog_->epochs()->size(), 2);
    return world_.archived("S");
  }

  TestServer server_{world_};
  std::shared_ptr<catalog::Catalog> catalog_ = *catalog::Catalog::open(world_.bucket(), "", "S");
};

TEST_F(ForgottenWritesTest, BeginANewEpoch) {
  const auto archived = archived_after([] {});
  EXPECT_EQ(archived.count(20), 2);  // the lost one and the one that took its place
  EXPECT_EQ(archived.count(25), 1);
  EXPECT_EQ(server_.manager().store_jobs()->front().progress.messages, 30U)
      << "a chunk stored just before the epoch ended counts";
}

// Older messages are the same, and say nothing of what came after them.
TEST_F(ForgottenWritesTest, BeginANewEpochThoughTheLastArchivedMessageIsGone) {
  const auto archived = archived_after([&] { world_.broker.remove_message("S", 20); });
  EXPECT_EQ(archived.count(15), 1);
  EXPECT_EQ(archived.count(16), 2);
  EXPECT_EQ(archived.count(20), 1);
  EXPECT_EQ(archived.count(25), 1);
}

// Nothing archived is left to compare with: the watermark says when it was stored.
TEST_F(ForgottenWritesTest, BeginANewEpochWhenTheyWereReplayedAndDeleted) {
  const std::string epoch = catalog_->epochs()->front().name;
  World::delete_replayed(*catalog_, epoch, world_.chunks("S"));
  const auto archived = archived_after([] {});
  EXPECT_EQ(archived.size(), 10U) << "16 to 25: what came before was archived, and is the same";
  EXPECT_EQ(archived.begin()->first, 16U);
}

// The second time before anything was archived in the epoch that the first began. There was nothing
// in it to compare with, so the messages counted as those that it shares with the one before.
TEST_F(StoreRunnerTest, AServerThatForgetsTwiceBeginsTwoEpochs) {
  for (const bool deleted : {false, true}) {
    World world;
    world.broker.make_stream("S", {.subjects = {"s.>"}});
    world.fill("s.a", 20);
    auto server = std::make_unique<TestServer>(world);
    server->create(store_spec());
    server->run_for(3s);
    const auto catalog = *catalog::Catalog::open(world.bucket(), "", "S");
    if (deleted) {
      World::delete_replayed(*catalog, catalog->epochs()->front().name, world.chunks("S"));
    }
    world.broker.forget_above("S", 15);
    world.broker.lose_sources();
    server->run_for(30s);
    ASSERT_EQ(catalog->epochs()->size(), 2U);
    server.reset();
    world.broker.forget_above("S", 10);
    world.fill("s.a", 10);
    TestServer second(world);
    second.run_for(30s);
    const auto archived = world.archived("S");
    for (int i = 21; i <= 30; ++i) {
      EXPECT_EQ(std::ranges::count(archived, fmt::format("payload {}", i),
                                   [](const auto& entry) { return entry.second; }),
                1)
          << "payload " << i << (deleted ? ", deleted" : "");
    }
    EXPECT_EQ(catalog->epochs()->size(), 3U);
  }
}

// The leader knows all again, and what is archived is all there is, once.
void expect_one_epoch(World& world, TestServer& server) {
  world.broker.hide_last("S", 0);
  world.fill("s.a", 10);
  server.run_for(30s);
  const auto catalog = *catalog::Catalog::open(world.bucket(), "", "S");
  EXPECT_EQ(catalog->epochs()->size(), 1);
  EXPECT_EQ(world.archived("S"), world.stored("S"));
}

TEST_F(StoreRunnerTest, ALeaderThatDoesNotKnowAllYetBeginsNoEpoch) {
  world_.fill("s.a", 20);
  TestServer server(world_);
  server.create(store_spec());
  server.run_for(2s);
  world_.broker.hide_last("S", 5);
  world_.broker.lose_sources();
  server.run_for(2s);
  expect_one_epoch(world_, server);
}

TEST_F(StoreRunnerTest, AJobMadeWhileALeaderDoesNotKnowAllYetBeginsNoEpoch) {
  world_.fill("s.a", 20);
  TestServer server(world_);
  const std::string id = server.create(store_spec()).info.id;
  server.run_for(2s);
  server.remove_store(id);
  world_.broker.hide_last("S", 5);
  server.create(store_spec());
  server.run_for(2s);
  EXPECT_THAT(server.manager().store_jobs()->front().info.last_error,
              ::testing::HasSubstr("it may have a new leader"));
  expect_one_epoch(world_, server);
}

void keep_only(const World& world, const catalog::ChunkRef& chunk,
               const std::function<bool(std::uint64_t)>& wanted) {
  const auto whole = *archive::decode_chunk(*world.bucket()->get(chunk.key));
  archive::ChunkWriter writer({.stream = whole.index.header.stream,
                               .epoch = whole.index.header.epoch,
                               .filter = chunk.filter,
                               .previous = whole.index.header.previous});
  for (const auto& frame : whole.frames) {
    for (const archive::Message& message : frame.messages()) {
      if (wanted(message.sequence)) {
        ASSERT_TRUE(writer.add(message));
      }
    }
  }
  const auto part = writer.finish();
  const std::string folder = chunk.key.substr(0, chunk.key.rfind('/') + 1);
  const std::string name =
      archive::to_string(archive::chunk_name(part->summary, archive::Encoding::kBinary));
  ASSERT_TRUE(world.bucket()->put(folder + name, part->bytes));
  ASSERT_TRUE(world.bucket()->remove(chunk.key));
}

// The bucket needn't say how far it reached: of a work queue's chunks that with the latest message
// needn't be among the last by their keys.
TEST_F(StoreRunnerTest, BeginsANewEpochWhenTheServerForgotWhatOnlyTheRecordRemembers) {
  const StoreSpec queue = make_queue();
  world_.fill("q.a", 20);
  TestServer server(world_);
  server.create(queue);
  server.run_for(5s);
  ASSERT_TRUE(world_.stored("Q").empty());
  const catalog::ChunkRef last = world_.chunks("Q").back();
  keep_only(world_, last, [&](std::uint64_t sequence) { return sequence == last.name.first; });
  world_.broker.forget_above("Q", 15);
  world_.broker.lose_sources();
  server.run_for(30s);
  const auto catalog = *catalog::Catalog::open(world_.bucket(), "", "Q");
  EXPECT_EQ(catalog->epochs()->size(), 2);
}

// Up to where the stream is still the one that was archived, the archive has it already.
TEST_F(StoreRunnerTest, ARollbackArchivesOnlyWhatDiffers) {
  for (const std::uint64_t kept : {0U, 1U, 9U, 10U, 14U, 15U, 19U}) {
    World world;
    world.broker.make_stream("S", {.subjects = {"s.>"}});
    world.broker.make_stream("T", {.subjects = {"t.>"}});
    world.fill("s.a", 20);
    TestServer server(world);
    server.create(store_spec());
    server.run_for(2s);
    std::vector<std::string> expected;  // what was lost included
    for (const auto& [sequence, payload] : world.stored("S")) {
      expected.push_back(payload);
    }
    world.broker.forget_above("S", kept);
    world.broker.lose_sources();
    const int before = world.published;
    world.fill("s.a", 30);  // past the old end
    for (int i = before + 1; i <= world.published; ++i) {
      expected.push_back(fmt::format("payload {}", i));
    }
    server.run_for(30s);
    EXPECT_EQ(world.archived("S").size(), 50U) << "kept " << kept;
    server.create(load_spec());
    server.run_for(5s);
    std::vector<std::string> replayed;
    for (const auto& [sequence, payload] : world.stored("T")) {
      replayed.push_back(payload);
    }
    EXPECT_EQ(replayed, expected) << "kept " << kept;
  }
}

// A chunk with a long gap, in which the stream has messages: from a backup, after a purge.
TEST_F(StoreRunnerTest, ARollbackArchivesOnlyWhatDiffersBehindALongGap) {
  world_.fill("s.a", 4'000);
  StoreSpec spec = store_spec(10'000);
  TestServer server(world_);
  server.create(spec);
  server.run_for(5s);
  ASSERT_EQ(world_.chunks("S").size(), 1U);
  keep_only(world_, world_.chunks("S").back(),
            [](std::uint64_t sequence) { return sequence <= 100 || sequence > 3'500; });
  world_.broker.forget_above("S", 3'990);
  world_.broker.lose_sources();
  world_.fill("s.a", 20);
  server.run_for(30s);
  const auto epochs = *(*catalog::Catalog::open(world_.bucket(), "", "S"))->epochs();
  ASSERT_EQ(epochs.size(), 2U);
  EXPECT_EQ(epochs[1].shared("s.>"), 3'990U);
}

// What was removed can't be compared: it may be the last of a chunk, or all of it.
TEST_F(StoreRunnerTest, ARollbackArchivesOnlyWhatDiffersAfterMessagesWereRemoved) {
  for (const std::uint64_t first_removed : {20U, 11U, 5U}) {
    for (const std::uint64_t last_removed : {20U, 24U}) {
      World world;
      world.broker.make_stream("S", {.subjects = {"s.>"}});
      world.fill("s.a", 30);
      TestServer server(world);
      server.create(store_spec());
      server.run_for(2s);
      for (std::uint64_t sequence = first_removed; sequence <= last_removed; ++sequence) {
        world.broker.remove_message("S", sequence);
      }
      world.broker.forget_above("S", 25);
      world.broker.lose_sources();
      world.fill("s.a", 10);
      server.run_for(30s);
      EXPECT_EQ(world.archived("S").size(), 40U) << first_removed << " to " << last_removed;
    }
  }
}

// An earlier life of the stream comes back. The archive has it up to where it ended.
TEST_F(StoreRunnerTest, OfAnEarlierLifeThatIsRestoredOnlyWhatIsNewIsArchived) {
  world_.broker.make_stream("T", {.subjects = {"t.>"}});
  const Timestamp began = world_.clock.now();
  const auto first_life = [&] {
    world_.published = 0;
    world_.fill("s.a", 10);
  };
  first_life();
  TestServer server(world_);
  server.create(store_spec());
  server.run_for(2s);
  world_.broker.delete_stream("S");
  server.run_for(2s);
  world_.broker.make_stream("S", {.subjects = {"s.>"}});
  world_.fill("s.a", 3);
  server.run_for(30s);
  world_.broker.delete_stream("S");
  server.run_for(2s);
  const auto since = world_.clock.now() - began;
  world_.clock.advance(-since);
  world_.broker.make_stream("S", {.subjects = {"s.>"}});
  first_life();
  world_.clock.advance(since);
  world_.fill("s.a", 2);
  server.run_for(30s);
  const auto epochs = *(*catalog::Catalog::open(world_.bucket(), "", "S"))->epochs();
  ASSERT_EQ(epochs.size(), 3);
  EXPECT_EQ(epochs[2].parent, epochs[0].name);
  EXPECT_EQ(epochs[2].shared("s.>"), 10U);
  EXPECT_EQ(world_.archived("S").size(), 15U);
  server.create(load_spec());
  server.run_for(5s);
  EXPECT_EQ(world_.stored("T").size(), 15U);
}

TEST_F(StoreRunnerTest, ASecondRollbackThatGoesFurtherBackArchivesOnlyWhatDiffers) {
  world_.fill("s.a", 20);
  TestServer server(world_);
  server.create(store_spec());
  server.run_for(2s);
  for (const std::uint64_t kept : {15U, 8U}) {
    world_.broker.forget_above("S", kept);
    world_.broker.lose_sources();
    server.run_for(1s);
    world_.fill("s.a", 30);
    server.run_for(30s);
  }
  const auto epochs = *(*catalog::Catalog::open(world_.bucket(), "", "S"))->epochs();
  ASSERT_EQ(epochs.size(), 3);
  EXPECT_EQ(epochs[2].parent, epochs[0].name);
  EXPECT_EQ(epochs[2].shared("s.>"), 8U);
  EXPECT_EQ(world_.archived("S").size(), 80U);
}

}  // namespace
}  // namespace nats3::jobs
