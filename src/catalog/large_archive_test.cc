// How many requests it takes to plan, follow and sum up an archive of ten million chunks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/archive_reader.h"
#include "catalog/contents.h"
#include "catalog/large_bucket_testing.h"
#include "object/budgeted.h"

namespace nats3::catalog {
namespace {

using ::testing::HasSubstr;

class LargeArchiveTest : public ::testing::Test {
 protected:
  LargeArchiveTest() {
    bucket_->make_index();
    catalog_ = *Catalog::open(bucket_, "", "S");
  }
  // Up to where a chunk would have to be opened. Returns the chunk's key in an error.
  std::string read(const Selection& selection) const {
    ArchiveReader reader(*catalog_, selection, OnDamage::kFail);
    const auto batch = reader.next();
    return batch ? "nothing" : batch.error().message;
  }

  std::shared_ptr<LargeBucket> bucket_ = std::make_shared<LargeBucket>();
  std::shared_ptr<Catalog> catalog_;
};

TEST_F(LargeArchiveTest, PlansAnHourOutOfTenMillionChunksInTwentyRequests) {
  constexpr std::int64_t kBegin = 15'000'000;
  const Selection hour{.from_time = at(kBegin), .to_time = at(kBegin + 3'599)};
  EXPECT_EQ(*catalog_->count_messages(hour), 1'200 * 100);
  EXPECT_THAT(read(hour), HasSubstr(to_string(LargeBucket::name(kBegin / 3))));
  EXPECT_LE(bucket_->requests, 20);
  EXPECT_LT(bucket_->bytes, 1'000'000);
}

TEST_F(LargeArchiveTest, CountsAllWithoutListingAll) {
  EXPECT_EQ(*catalog_->count_messages({}), LargeBucket::kChunks * 100);
  EXPECT_LE(bucket_->requests, 20);
}

TEST_F(LargeArchiveTest, FollowsWithoutListingOrFetchingAllAgain) {
  const auto at_chunk = [](std::uint64_t i) {
    const std::uint64_t last = LargeBucket::name(i).last;
    return Selection{.after = {kEpoch, last, {{kFilter, last}}}, .follow = true};
  };
  const Selection selection = at_chunk(LargeBucket::kChunks - 2);
  ASSERT_EQ(*catalog_->count_messages(selection), 100);
  bucket_->requests = 0;
  bucket_->bytes = 0;
  EXPECT_EQ(*catalog_->count_messages(selection), 100);
  EXPECT_THAT(read(selection), HasSubstr(to_string(LargeBucket::name(LargeBucket::kChunks - 1))));
  EXPECT_LE(bucket_->requests, 20);
  EXPECT_LT(bucket_->bytes, 1'000);
  EXPECT_EQ(read(at_chunk(LargeBucket::kChunks - 1)), "nothing");
}

TEST_F(LargeArchiveTest, ListsWhereTheIndexLeavesNoChoice) {
  auto bare = std::make_shared<LargeBucket>();
  const auto catalog = *Catalog::open(bare, "", "S");
  const Selection hour{.from_time = at(30'000), .to_time = at(33'599)};
  auto lister = *ChunkLister::open(*catalog, catalog->epochs()->front());
  ASSERT_TRUE(lister.leave_out({.selection = hour}));
  EXPECT_EQ((*lister.peek())->name, LargeBucket::name(0));
}

TEST_F(LargeArchiveTest, SumsUpAYearWithoutListingIt) {
  const auto contents = stream_contents(*catalog_);
  ASSERT_TRUE(contents) << contents.error().message;
  ASSERT_EQ(contents->epochs.size(), 1U);
  ASSERT_EQ(contents->epochs[0].subjects.size(), 1U);
  const SubjectContents& subject = contents->epochs[0].subjects[0];
  EXPECT_EQ(subject.subject, kFilter);
  EXPECT_EQ(subject.first_sequence, 1U);
  const archive::ChunkName last = LargeBucket::name(LargeBucket::kChunks - 1);
  const ChunkTotals all{LargeBucket::kChunks, LargeBucket::kChunks * 100, last.last,
                        LargeBucket::name(0).time_min, last.time_max};
  EXPECT_EQ(subject.totals, all);
  EXPECT_LE(bucket_->requests, 20);
}

TEST_F(LargeArchiveTest, AYearWithoutAnIndexIsListedAsFarAsTheStoreAllows) {
  const auto bare = std::make_shared<LargeBucket>();
  const auto budgeted =
      object::make_budgeted(bare, {.requests = 100, .time = std::chrono::hours{1}}, {});
  const auto contents = stream_contents(**Catalog::open(budgeted, "", "S"));
  ASSERT_FALSE(contents);
  EXPECT_EQ(contents.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(bare->requests, 100);
}

TEST_F(LargeArchiveTest, FindsItsExtentWithoutListingAll) {
  EXPECT_EQ(extent_of(*catalog_, {})->last_of(kEpoch, kFilter), 100 * LargeBucket::kChunks);
  EXPECT_LE(bucket_->requests, 20);
}

// An archive that grows isn't listed to its end for what is read of it.
TEST_F(LargeArchiveTest, ListsNothingBeyondAnExtent) {
  const Selection bounded{.after = {kEpoch, 500'000, {{kFilter, 500'000}}},
                          .until = Extent{.epoch = kEpoch, .last_sequences = {{kFilter, 700'000}}}};
  bucket_->chunk_lists = 0;
  EXPECT_EQ(*catalog_->count_messages(bounded), 200'000);
  EXPECT_LE(bucket_->chunk_lists, 6);
}

}  // namespace
}  // namespace nats3::catalog
