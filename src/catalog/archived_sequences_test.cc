#include "catalog/archived_sequences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/chunk_writer.h"
#include "object/faulty.h"
#include "object/memory/memory_store.h"

namespace nats3::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kEpoch = "20261124T010000.000000000Z";

class ArchivedSequencesTest : public ::testing::Test {
 protected:
  ArchivedSequencesTest() {
    EXPECT_TRUE(
        catalog_->put_epoch({.stream = "S", .name = kEpoch, .config = Json{{"name", "S"}}}));
  }

  // Puts a chunk of these. Returns its key.
  std::string add(const std::string& filter, const std::vector<std::uint64_t>& sequences) {
    archive::ChunkWriter writer(
        {.stream = "S", .epoch = kEpoch, .filter = filter, .frame_bytes = 1});
    for (const std::uint64_t sequence : sequences) {
      EXPECT_TRUE(writer.add({.sequence = sequence, .subject = "s", .payload = "x"}));
    }
    const auto chunk = writer.finish();
    std::string key =
        archive::chunk_key(catalog_->location(), kEpoch, filter,
                           archive::chunk_name(chunk->summary, archive::Encoding::kBinary));
    EXPECT_TRUE(store_->put(key, chunk->bytes));
    return key;
  }
  std::vector<std::uint64_t> archived(std::uint64_t after, std::uint64_t up_to) {
    auto found = archived_sequences(*catalog_, kEpoch, ">", after, up_to);
    EXPECT_TRUE(found);
    return found.value_or(std::vector<std::uint64_t>{});
  }

  std::shared_ptr<object::ObjectStore> store_ =
      *object::make_memory_provider()->open("bucket", object::IfMissing::kCreate);
  std::shared_ptr<Catalog> catalog_ = *Catalog::open(store_, "", "S");
};

TEST_F(ArchivedSequencesTest, NothingIsThereAtFirst) { EXPECT_THAT(archived(0, 100), IsEmpty()); }

TEST_F(ArchivedSequencesTest, BothEndsCutChunks) {
  add(">", {1, 2, 3});
  add(">", {4, 5, 6});
  add(">", {7, 8, 9});
  EXPECT_THAT(archived(2, 7), ElementsAre(3, 4, 5, 6, 7));
  EXPECT_THAT(archived(9, 100), IsEmpty());
}

TEST_F(ArchivedSequencesTest, GapsOfAChunkAreLeftOut) {
  add(">", {1, 2, 5, 9});
  EXPECT_THAT(archived(1, 8), ElementsAre(2, 5));
}

TEST_F(ArchivedSequencesTest, WhatWasArchivedTwiceIsToldOnce) {
  add(">", {1, 20});  // delivered again, later
  add(">", {2, 3, 4});
  add(">", {3, 4, 5});
  EXPECT_THAT(archived(2, 30), ElementsAre(3, 4, 5, 20));
}

TEST_F(ArchivedSequencesTest, OtherJobsArchivesDoNotCount) {
  add("s.*", {1, 2, 3});
  add(">", {2});
  EXPECT_THAT(archived(0, 30), ElementsAre(2));
}

TEST_F(ArchivedSequencesTest, OfADamagedChunkCountsWhatCanBeRead) {
  add(">", {1, 2});
  const std::string key = add(">", {5, 7, 9});
  add(">", {11, 12});
  std::string bytes = *store_->get(key);
  const auto index = archive::ChunkIndex::parse(bytes, bytes.size());
  ASSERT_TRUE(index);
  ASSERT_EQ(index->frames.size(), 3U);
  bytes[index->frames[1].offset + 10] ^= 1;
  ASSERT_TRUE(store_->put(key, bytes));
  const auto found = archived(0, 30);
  EXPECT_THAT(found, ::testing::IsSupersetOf({1, 2, 11, 12}));
  EXPECT_THAT(found, ::testing::Not(::testing::Contains(7)));
}

TEST_F(ArchivedSequencesTest, AChunkThatIsNotWhatItsKeySaysDoesNotCount) {
  const std::string key = add(">", {1, 2});
  std::string other = archive::filter_folder(catalog_->location(), kEpoch, ">") +
                      archive::to_string(archive::ChunkName{.first = 1, .last = 9, .count = 9});
  ASSERT_TRUE(store_->put(other, *store_->get(key)));
  EXPECT_THAT(archived(0, 30), ElementsAre(1, 2));
}

// A job on one subject of many.
TEST_F(ArchivedSequencesTest, TheRestIsLeftForLaterAfterSoManyChunks) {
  for (std::uint64_t i = 0; i < kMostChunksRead + 10; ++i) {
    add(">", {i * 10 + 1, i * 10 + 9});
  }
  const auto found = archived(0, UINT64_MAX);
  ASSERT_EQ(found.size(), 2U * kMostChunksRead);
  EXPECT_EQ(found.back(), 10U * kMostChunksRead - 1);
  EXPECT_EQ(archived(found.back(), UINT64_MAX).size(), 20U);
}

// A folder that somebody made in the epoch's is none of its business.
TEST_F(ArchivedSequencesTest, ForeignFoldersAreNoneOfItsBusiness) {
  add(">", {1, 2});
  ASSERT_TRUE(
      store_->put(archive::epoch_folder(catalog_->location(), kEpoch) + "my folder/x", "y"));
  EXPECT_THAT(archived(0, 30), ElementsAre(1, 2));
}

}  // namespace
}  // namespace nats3::catalog
