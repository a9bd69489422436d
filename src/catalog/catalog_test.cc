#include "catalog/catalog.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/chunk_writer.h"
#include "catalog/chunk_removal.h"
#include "object/memory/memory_store.h"

namespace nats3::catalog {
namespace {

using ::testing::HasSubstr;

constexpr auto kEpoch = "20261124T010000.000000000Z";

class CatalogTest : public ::testing::Test {
 protected:
  CatalogTest() {
    store_ = *object::make_memory_provider()->open("bucket", object::IfMissing::kCreate);
    catalog_ = *Catalog::open(store_, "", "S");
    EXPECT_TRUE(
        catalog_->put_epoch({.stream = "S", .name = kEpoch, .config = Json{{"name", "S"}}}));
  }

  std::string add(std::uint64_t first, std::uint64_t last, std::uint64_t previous) {
    archive::ChunkWriter writer(
        {.stream = "S", .epoch = kEpoch, .filter = ">", .previous = previous});
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      EXPECT_TRUE(writer.add({.sequence = sequence, .subject = "s", .payload = "x"}));
    }
    return put(*writer.finish());
  }

  std::string put(const archive::Chunk& chunk) {
    const std::string key =
        archive::chunk_key(catalog_->location(), kEpoch, ">",
                           archive::chunk_name(chunk.summary, archive::Encoding::kBinary));
    EXPECT_TRUE(store_->put(key, chunk.bytes));
    return key;
  }

  std::shared_ptr<object::ObjectStore> store_;
  std::shared_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, FindsEpochsAndFilters) {
  add(1, 2, 0);
  const auto epochs = catalog_->epochs();
  ASSERT_TRUE(epochs);
  ASSERT_EQ(epochs->size(), 1);
  EXPECT_EQ(epochs->front().config["name"], "S");
  EXPECT_THAT(*catalog_->filters(epochs->front()), ::testing::ElementsAre(">"));
}

TEST_F(CatalogTest, NothingIsArchivedAtFirst) {
  EXPECT_EQ(*catalog_->archived_up_to(kEpoch, ">", 0), 0);
}

TEST_F(CatalogTest, ArchivedReachesTheEndOfTheLastChunk) {
  add(1, 10, 0);
  add(11, 20, 10);
  EXPECT_EQ(*catalog_->archived_up_to(kEpoch, ">", 0), 20);
  EXPECT_EQ(*catalog_->archived_up_to(kEpoch, ">", 11), 20);
}

// Several uploads are under way at a time: after a crash the second may be there without the first.
TEST_F(CatalogTest, ArchivedStopsAtAHole) {
  add(1, 10, 0);
  add(21, 30, 20);
  EXPECT_EQ(*catalog_->archived_up_to(kEpoch, ">", 0), 10);
}

TEST_F(CatalogTest, GapsInTheSequenceAreNoHoles) {
  add(1, 10, 0);
  add(500, 510, 10);
  EXPECT_EQ(*catalog_->archived_up_to(kEpoch, ">", 0), 510);
}

TEST_F(CatalogTest, ArchivedIsFoundBeyondAPageOfTheListing) {
  for (std::uint64_t i = 0; i < 1'100; ++i) {
    add(i * 2 + 1, i * 2 + 2, i * 2);
  }
  EXPECT_EQ(*catalog_->archived_up_to(kEpoch, ">", 0), 2'200);
}

// Where messages come again, a chunk may begin long before others that it ends after.
TEST_F(CatalogTest, TheLastChunksHaveTheOneThatReachesFurthest) {
  archive::ChunkWriter writer({.stream = "S", .epoch = kEpoch, .filter = ">"});
  for (const std::uint64_t sequence : {5U, 100U}) {
    ASSERT_TRUE(writer.add({.sequence = sequence, .subject = "s", .payload = "x"}));
  }
  put(*writer.finish());
  for (std::uint64_t sequence = 1; sequence <= 90; ++sequence) {
    if (sequence != 5) {
      add(sequence, sequence, 0);
    }
  }
  const auto last = *catalog_->last_chunks(kEpoch, ">", 0);
  ASSERT_EQ(last.size(), Catalog::kTailChunks + 1);
  EXPECT_EQ(last.front().name.first, 5U);
  EXPECT_EQ(last.front().name.last, 100U);
  EXPECT_EQ(last.back().name.first, 90U);
  EXPECT_EQ(catalog_->last_chunks(kEpoch, ">", 6)->size(), Catalog::kTailChunks);
}

TEST_F(CatalogTest, WatermarkOutlivesDeletedChunks) {
  add(1, 10, 0);
  std::vector<FinishedChunk> replayed{
      {.epoch = kEpoch, .chunk = catalog_->last_chunks(kEpoch, ">", 0)->front()}};
  ASSERT_TRUE(remove_chunks(*catalog_, replayed));
  EXPECT_EQ(catalog_->watermark(kEpoch, ">")->last_sequence, 10);
  EXPECT_EQ(*catalog_->archived_up_to(kEpoch, ">", 0), 10);
  EXPECT_TRUE(catalog_->last_chunks(kEpoch, ">", 0)->empty());
}

TEST_F(CatalogTest, CountsWhatASelectionTouches) {
  add(1, 10, 0);
  add(11, 20, 10);
  EXPECT_EQ(*catalog_->count_messages({}), 20);
  EXPECT_EQ(*catalog_->count_messages({.after = {kEpoch, 10, {{">", 10}}}}), 10);
  EXPECT_EQ(*catalog_->count_messages({.after = {kEpoch, 20, {{">", 20}}}}), 0);
}

TEST_F(CatalogTest, TellsWhatAChunkHolds) {
  const std::string key = add(1, 10, 0);
  const auto stats = catalog_->chunk_stats(key);
  ASSERT_TRUE(stats);
  EXPECT_EQ(stats->content_bytes, 20);
  EXPECT_EQ(stats->object_bytes, store_->head(key)->size);
  EXPECT_EQ(catalog_->chunk_stats(key + "x").error().code, ErrorCode::kNotFound);
}

TEST_F(CatalogTest, NamesADescriptionThatCantBeRead) {
  const std::string key = archive::description_key(catalog_->location(), kEpoch);
  ASSERT_TRUE(store_->put(key, "{"));
  EXPECT_THAT(catalog_->epochs().error().message, HasSubstr(key));
  ASSERT_TRUE(store_->remove(key));
  add(1, 2, 0);
  EXPECT_THAT(catalog_->epochs().error().message, HasSubstr("missing"));
}

TEST_F(CatalogTest, RefusesAPrefixThatClimbs) {
  EXPECT_EQ(Catalog::open(store_, "a/../b", "S").error().code, ErrorCode::kInvalid);
}

}  // namespace
}  // namespace nats3::catalog
