#include "jobs/store/index_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"

namespace nats3::jobs {
namespace {

constexpr auto kEpoch = "20261124T010000.000000000Z";
constexpr auto kFilter = "s.>";
constexpr std::uint64_t kAll = UINT64_MAX;

class SwitchedLease final : public Lease {
 public:
  [[nodiscard]] bool held() const override { return held_; }
  void set(bool held) { held_ = held; }

 private:
  bool held_ = true;
};

class IndexWriterTest : public ::testing::Test {
 protected:
  IndexWriterTest() {
    catalog_ = *catalog::Catalog::open(*world_.stores->open("bucket", object::IfMissing::kCreate),
                                       "", "S");
    begin();
  }

  void begin() {
    writer_ = std::make_shared<IndexWriter>(IndexWriter::Subject{catalog_, kEpoch, kFilter}, lease_,
                                            tasks_, [this] { ++done_; });
    ASSERT_TRUE(writer_->begin());
    world_.clock.advance(IndexWriter::kSettle);
  }

  // Chunks of one message each. Nothing looks into them.
  void put(std::uint64_t first, std::uint64_t last, const char* body = "") {
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      ASSERT_TRUE(writer_->before_put(sequence));
      put_object({.first = sequence, .last = sequence, .count = 1}, body);
      writer_->count_chunk();
    }
  }
  void put_object(const archive::ChunkName& name, const char* body = "") {
    const auto key = archive::chunk_key(catalog_->location(), kEpoch, kFilter, name);
    ASSERT_TRUE(world_.bucket()->put(key, body));
  }
  // Steps as a job does, until nothing is left to do. Returns how many tasks that took.
  int run(std::uint64_t limit = kAll) {
    int tasks = 0;
    writer_->extend(limit);
    while (tasks < 1'000 && tasks_.run_one()) {
      ++tasks;
      writer_->extend(limit);
    }
    EXPECT_TRUE(writer_->idle());
    return tasks;
  }
  std::uint64_t indexed_up_to() { return (*catalog_->segment_index(kEpoch, kFilter))->end() - 1; }

  World world_;
  SteppedExecutor tasks_{world_.clock};
  SwitchedLease lease_;
  std::shared_ptr<catalog::Catalog> catalog_;
  std::shared_ptr<IndexWriter> writer_;
  int done_ = 0;
};

TEST_F(IndexWriterTest, AddsASegmentOnceAChunkFollowsIt) {
  EXPECT_EQ(run(), 1);
  put(1, 1'000);
  EXPECT_EQ(run(), 0);
  put(1'001, 1'001);
  EXPECT_EQ(run(), 1);
  const auto index = *catalog_->segment_index(kEpoch, kFilter);
  ASSERT_EQ(index->segments().size(), 1);
  EXPECT_EQ(index->end(), 1'001);
  EXPECT_EQ(index->segments().front().messages, 1'000);
  put(1'002, 2'000);
  EXPECT_EQ(run(), 0);
  put(2'001, 2'001);
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(indexed_up_to(), 2'000);
}

TEST_F(IndexWriterTest, GoesOnWithTheIndexOfAnEarlierSession) {
  put(1, 2'500);
  run();
  ASSERT_EQ(indexed_up_to(), 2'000);
  begin();
  EXPECT_EQ(run(), 1);
  put(2'501, 3'000);
  EXPECT_EQ(run(), 0);
  put(3'001, 3'001);
  run();
  EXPECT_EQ(indexed_up_to(), 3'000);
}

// An index that readers can't use is made again, a few pages with each task.
TEST_F(IndexWriterTest, MakesAMissingOrDamagedIndexAgain) {
  put(1, 20'001);
  const std::string key = archive::index_key(catalog_->location(), kEpoch, kFilter);
  for (const bool damaged : {false, true}) {
    ASSERT_TRUE(damaged ? world_.bucket()->put(key, "NATS3SEG") : world_.bucket()->remove(key));
    int lists = 0;
    int puts = 0;
    world_.faults = [&](const object::Call& call) {
      lists += call.operation == object::Operation::kList ? 1 : 0;
      puts += call.operation == object::Operation::kPut ? 1 : 0;
      return object::Fault{};
    };
    begin();
    const int tasks = run();
    EXPECT_EQ(indexed_up_to(), 20'000);
    EXPECT_LE(lists, tasks * IndexWriter::kPagesPerTask);
    EXPECT_GT(tasks, 3);
    EXPECT_EQ(puts, 1);
  }
}

TEST_F(IndexWriterTest, DoesntGoBeyondWhereChunksMayStillCome) {
  put(1, 3'500);
  run(1'500);
  EXPECT_EQ(indexed_up_to(), 1'000);
}

TEST_F(IndexWriterTest, CutsTheIndexBeforeALateChunkIsPut) {
  put(1, 3'001);
  run();
  ASSERT_EQ(indexed_up_to(), 3'000);
  ASSERT_TRUE(writer_->before_put(1'500));
  EXPECT_EQ(indexed_up_to(), 1'000);
  put_object({.first = 1'500, .last = 9'000, .count = 2});
  begin();
  run();
  EXPECT_EQ(indexed_up_to(), 2'999);
  EXPECT_EQ((*catalog_->segment_index(kEpoch, kFilter))->segments()[1].last, 9'000);
}

TEST_F(IndexWriterTest, RefusesALateChunkWhileTheIndexCantBeCut) {
  put(1, 1'001);
  run();
  world_.faults = object::fail_calls(object::Operation::kPut, 1, 1'000);
  EXPECT_FALSE(writer_->before_put(500));
  world_.faults = {};
  EXPECT_EQ(indexed_up_to(), 1'000);
  lease_.set(false);
  EXPECT_FALSE(writer_->before_put(500));
  lease_.set(true);
  EXPECT_TRUE(writer_->before_put(500));
  EXPECT_EQ((*catalog_->segment_index(kEpoch, kFilter))->end(), 0);
}

// A chunk whose put begins while the listing is under way may or may not be in it.
TEST_F(IndexWriterTest, LeavesOutASegmentInWhichAChunkIsPutMeanwhile) {
  put(1, 2'001);
  world_.faults = [&](const object::Call& call) {
    if (call.operation == object::Operation::kList && call.nth > 1) {
      EXPECT_TRUE(writer_->before_put(1'700));
    }
    return object::Fault{};
  };
  begin();
  writer_->extend(kAll);
  ASSERT_TRUE(tasks_.run_one());
  EXPECT_EQ(indexed_up_to(), 1'000);
}

TEST_F(IndexWriterTest, TriesAgainLaterWhatFailed) {
  put(1, 1'001);
  for (const auto operation : {object::Operation::kList, object::Operation::kPut}) {
    world_.faults = object::fail_calls(operation, 1, 1'000'000);
    EXPECT_EQ(run(), 1);
    EXPECT_EQ(run(), 0);
    world_.clock.advance(std::chrono::seconds{10});
  }
  world_.faults = {};
  lease_.set(false);
  EXPECT_EQ(run(), 1);
  world_.clock.advance(std::chrono::seconds{10});
  EXPECT_EQ((*catalog_->segment_index(kEpoch, kFilter))->end(), 0);
  lease_.set(true);
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(indexed_up_to(), 1'000);
}

// An answer that was lost: the index in the bucket is then longer than was told.
TEST_F(IndexWriterTest, CutsAnIndexWhosePutSeemedToFail) {
  put(1, 1'001);
  world_.faults = object::lose_nth_answer(object::Operation::kPut, 1);
  run();
  ASSERT_EQ(indexed_up_to(), 1'000);
  world_.faults = {};
  ASSERT_TRUE(writer_->before_put(10));
  EXPECT_EQ((*catalog_->segment_index(kEpoch, kFilter))->end(), 0);
}

// A server that lost the job may have a put under way: of a chunk, or of its index.
TEST_F(IndexWriterTest, AddsNothingUntilWhatAnEarlierServerPutsHasEnded) {
  put(1, 2'001);
  writer_ = std::make_shared<IndexWriter>(IndexWriter::Subject{catalog_, kEpoch, kFilter}, lease_,
                                          tasks_, [this] { ++done_; });
  ASSERT_TRUE(writer_->begin());
  world_.clock.advance(IndexWriter::kSettle - std::chrono::seconds{1});
  EXPECT_EQ(run(), 0);
  archive::SegmentIndex of_the_earlier_one("S", kEpoch, kFilter);
  of_the_earlier_one.begin_at(1);
  of_the_earlier_one.add({.end = 1'501, .chunks = 1'500, .messages = 1'500, .last = 1'500});
  ASSERT_TRUE(catalog_->put_segment_index(of_the_earlier_one));
  put_object({.first = 1'200, .last = 1'300, .count = 2});
  world_.clock.advance(std::chrono::seconds{1});
  run();
  const auto index = *catalog_->segment_index(kEpoch, kFilter);
  ASSERT_EQ(index->segments().size(), 2);
  EXPECT_EQ(index->segments()[1].messages, 1'001);
}

// Somebody has copied chunks into the archive, as docs/format.md says it is to be done.
TEST_F(IndexWriterTest, MakesAnIndexAgainThatWasRemovedWhileTheJobIsAtWork) {
  put(1'000, 2'500);
  run();
  ASSERT_EQ((*catalog_->segment_index(kEpoch, kFilter))->begin(), 1'000);
  ASSERT_TRUE(world_.bucket()->remove(archive::index_key(catalog_->location(), kEpoch, kFilter)));
  put_object({.first = 1'500, .last = 9'000, .count = 2});
  put_object({.first = 7, .last = 8, .count = 2});
  put(2'501, 3'001);
  run();
  const auto index = *catalog_->segment_index(kEpoch, kFilter);
  EXPECT_EQ(index->begin(), 7);
  ASSERT_EQ(index->segments().size(), 2);
  EXPECT_EQ(index->segments()[0].last, 9'000);
}

// The object store may take its time with the index; chunks don't wait for it.
TEST_F(IndexWriterTest, APutOfTheIndexDoesntHoldUpAChunkBeyondIt) {
  put(1, 1'001);
  int meanwhile = 0;
  world_.faults = [&](const object::Call& call) {
    if (call.operation == object::Operation::kPut) {
      EXPECT_TRUE(writer_->before_put(1'002));
      ++meanwhile;
    }
    return object::Fault{};
  };
  run();
  EXPECT_EQ(meanwhile, 1);
  EXPECT_EQ(indexed_up_to(), 1'000);
}

// Reading or writing the index may fail for as long as it likes.
TEST(IndexOfAStoreJobTest, IsThereAfterAThousandChunksWhateverItsPutsCameTo) {
  World world;
  world.broker.make_stream("S", {.subjects = {"s.>"}});
  world.fill("s.a", 1'100);
  bool down = true;
  world.faults = [&](const object::Call& call) {
    const bool index = call.operation == object::Operation::kPut && call.key.ends_with("index.bin");
    return index && down ? object::Fault{.error = object::made_up_error()} : object::Fault{};
  };
  TestServer server(world);
  const StoreJob job = server.create(store_spec(1));
  server.run_for(IndexWriter::kSettle);
  world.fill("s.a", 100);
  server.run_for(std::chrono::seconds{2});
  EXPECT_EQ(world.chunks("S").size(), 1'200);
  const auto catalog = *catalog::Catalog::open(world.bucket(), "", "S");
  const auto epoch = catalog->epochs()->front().name;
  EXPECT_EQ((*catalog->segment_index(epoch, "s.>"))->end(), 0);
  EXPECT_EQ(server.store(job.info.id).info.last_error, "");
  down = false;
  server.run_for(std::chrono::seconds{15});
  EXPECT_EQ((*catalog->segment_index(epoch, "s.>"))->end(), 1'001);
}

TEST(IndexOfAStoreJobTest, IsThereAfterAThousandChunks) {
  World world;
  world.broker.make_stream("S", {.subjects = {"s.>"}});
  world.fill("s.a", 1'100);
  TestServer server(world);
  server.create(store_spec(1));
  server.run_for(std::chrono::seconds{2});
  ASSERT_EQ(world.chunks("S").size(), 1'100);
  const auto catalog = *catalog::Catalog::open(world.bucket(), "", "S");
  const auto epoch = catalog->epochs()->front().name;
  EXPECT_EQ((*catalog->segment_index(epoch, "s.>"))->end(), 0);
  server.run_for(IndexWriter::kSettle);
  EXPECT_EQ((*catalog->segment_index(epoch, "s.>"))->end(), 1'001);
}

}  // namespace
}  // namespace nats3::jobs
