#include "catalog/chunk_overlap.h"

#include <gtest/gtest.h>

#include "archive/chunk_writer.h"
#include "object/memory/memory_store.h"

namespace nats3::catalog {
namespace {

constexpr auto kEpoch = "20261124T010000.000000000Z";

class ChunkOverlapTest : public ::testing::Test {
 protected:
  // A chunk with the sequences `first` to `last`, a frame for each.
  ChunkRef add(std::uint64_t first, std::uint64_t last, const std::string& payload = "payload") {
    archive::ChunkWriter writer(
        {.stream = "S", .epoch = kEpoch, .filter = ">", .previous = 0, .frame_bytes = 1});
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      EXPECT_TRUE(writer.add({.sequence = sequence,
                              .time = Timestamp{std::chrono::seconds{sequence}},
                              .subject = "s",
                              .payload = payload}));
    }
    const auto chunk = *writer.finish();
    const auto name = archive::chunk_name(chunk.summary, archive::Encoding::kBinary);
    const std::string key = archive::chunk_key(catalog_->location(), kEpoch, ">", name);
    EXPECT_TRUE(store_->put(key, chunk.bytes));
    return {key, chunk.bytes.size(), ">", name};
  }

  std::shared_ptr<object::ObjectStore> store_ =
      *object::make_memory_provider()->open("bucket", object::IfMissing::kCreate);
  std::shared_ptr<Catalog> catalog_ = *Catalog::open(store_, "", "S");
};

TEST_F(ChunkOverlapTest, CountsWhatBothHold) {
  const auto overlap = compare_overlap(*catalog_, add(1, 10), add(8, 12));
  ASSERT_TRUE(overlap) << overlap.error().message;
  EXPECT_EQ(overlap->same, 3U);
  EXPECT_EQ(overlap->different, std::nullopt);
  EXPECT_GT(overlap->read_bytes, 0U);
}

TEST_F(ChunkOverlapTest, NamesTheFirstDifference) {
  const auto overlap = compare_overlap(*catalog_, add(1, 10), add(8, 12, "another"));
  ASSERT_TRUE(overlap) << overlap.error().message;
  EXPECT_EQ(overlap->different, 8U);
}

TEST_F(ChunkOverlapTest, ReadsOnlyWhatBothCanHold) {
  const ChunkRef earlier = add(1, 1'000);
  const ChunkRef later = add(1'000, 1'001);
  const auto narrow = compare_overlap(*catalog_, earlier, later);
  const auto wide = compare_overlap(*catalog_, earlier, add(1, 999));
  ASSERT_TRUE(narrow && wide);
  EXPECT_EQ(narrow->same, 1U);
  EXPECT_EQ(wide->same, 999U);
  EXPECT_LT(narrow->read_bytes, wide->read_bytes);
}

TEST_F(ChunkOverlapTest, OneThatIsGoneHasNothingInCommon) {
  const ChunkRef earlier = add(1, 10);
  ASSERT_TRUE(store_->remove(earlier.key));
  const auto overlap = compare_overlap(*catalog_, earlier, add(8, 12));
  ASSERT_TRUE(overlap) << overlap.error().message;
  EXPECT_EQ(overlap->same, 0U);
}

// The damage is told where the chunk itself is checked.
TEST_F(ChunkOverlapTest, OneThatIsDamagedIsNotCompared) {
  const ChunkRef whole = add(1, 10);
  const ChunkRef damaged = add(8, 12);
  ASSERT_TRUE(store_->put(damaged.key, std::string(damaged.object_bytes, 'x')));
  for (const auto& [a, b] : {std::pair{whole, damaged}, {damaged, whole}}) {
    const auto overlap = compare_overlap(*catalog_, a, b);
    ASSERT_TRUE(overlap) << overlap.error().message;
    EXPECT_EQ(overlap->same, 0U);
    EXPECT_EQ(overlap->different, std::nullopt);
  }
}

}  // namespace
}  // namespace nats3::catalog
