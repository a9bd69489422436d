#include "catalog/contents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/segment_index.h"
#include "archive/v1_chunk.h"
#include "object/faulty.h"
#include "object/memory/memory_store.h"

namespace nats3::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto kEpoch = "20261124T010000.000000000Z";
constexpr auto kLaterEpoch = "20261125T010000.000000000Z";

Timestamp at(std::int64_t seconds) { return Timestamp{std::chrono::seconds{seconds}}; }

// Chunks are never opened here: their names will do.
class ContentsTest : public ::testing::Test {
 protected:
  struct Range {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
  };

  archive::ChunkName add(const std::string& stream, const std::string& epoch,
                         const std::string& filter, Range range, const std::string& prefix = "") {
    const archive::StreamLocation location{prefix, stream};
    describe(location, epoch);
    const archive::ChunkName name{.first = range.first,
                                  .last = range.last,
                                  .time_min = at(static_cast<std::int64_t>(range.first)),
                                  .time_max = at(static_cast<std::int64_t>(range.last)),
                                  .count = range.last - range.first + 1};
    EXPECT_TRUE(store_->put(archive::chunk_key(location, epoch, filter, name), "chunk"));
    return name;
  }
  void describe(const archive::StreamLocation& location, const std::string& epoch) {
    const auto text = archive::serialize(archive::EpochDescription{
        .stream = location.stream, .name = epoch, .config = Json::object()});
    EXPECT_TRUE(store_->put(archive::description_key(location, epoch), *text));
  }
  void add_old(const std::string& stream, const std::string& subject,
               const archive::V1ChunkName& name) {
    EXPECT_TRUE(
        store_->put(archive::v1_folder({"", stream}, subject) + archive::to_string(name), "chunk"));
  }

  [[nodiscard]] std::shared_ptr<Catalog> catalog(const std::string& stream = "S") const {
    return *Catalog::open(store_, "", stream);
  }

  std::shared_ptr<object::ObjectStore> store_ =
      *object::make_memory_provider()->open("bucket", object::IfMissing::kCreate);
};

TEST_F(ContentsTest, OfAStreamIsWhatItsChunksSay) {
  add("S", kEpoch, "a.>", {1, 10});
  add("S", kEpoch, "a.>", {21, 30});
  add("S", kEpoch, "b", {5, 5});
  add("S", kLaterEpoch, ">", {1, 3});
  const auto contents = stream_contents(*catalog());
  ASSERT_TRUE(contents) << contents.error().message;
  ASSERT_EQ(contents->epochs.size(), 2U);
  EXPECT_EQ(contents->epochs[0].description.name, kEpoch);
  const auto& subjects = contents->epochs[0].subjects;
  ASSERT_EQ(subjects.size(), 2U);
  EXPECT_EQ(subjects[0].subject, "a.>");
  EXPECT_EQ(subjects[0].first_sequence, 1U);
  EXPECT_EQ(subjects[0].totals, (ChunkTotals{2, 20, 30, at(1), at(30)}));
  EXPECT_EQ(subjects[1].subject, "b");
  EXPECT_EQ(subjects[1].totals, (ChunkTotals{1, 1, 5, at(5), at(5)}));
  EXPECT_EQ(contents->epochs[1].description.name, kLaterEpoch);
  EXPECT_EQ(contents->epochs[1].subjects[0].totals.messages, 3U);
  EXPECT_THAT(contents->old_chunks, IsEmpty());
}

TEST_F(ContentsTest, OfAStreamThatWasNeverArchivedIsEmpty) {
  const auto contents = stream_contents(*catalog());
  ASSERT_TRUE(contents);
  EXPECT_TRUE(contents->empty());
}

TEST_F(ContentsTest, AnEpochWithoutAChunkIsThere) {
  describe({"", "S"}, kEpoch);
  const auto contents = stream_contents(*catalog());
  ASSERT_EQ(contents->epochs.size(), 1U);
  EXPECT_THAT(contents->epochs[0].subjects, IsEmpty());
  EXPECT_FALSE(contents->empty());
}

// A load that deletes what it has replayed leaves a watermark, and the index as it was.
TEST_F(ContentsTest, DeletedChunksAreNotCountedThoughTheIndexHasThem) {
  archive::SegmentIndex index("S", kEpoch, ">");
  index.begin_at(1);
  archive::SegmentBuilder builder;
  std::uint64_t sequence = 1;
  for (; sequence <= 3'000; ++sequence) {
    const auto name = add("S", kEpoch, ">", {sequence, sequence});
    if (builder.ends_before(sequence)) {
      index.add(builder.take());
    }
    builder.add(name);
    if (sequence <= 500) {
      EXPECT_TRUE(store_->remove(archive::chunk_key({"", "S"}, kEpoch, ">", name)));
    }
  }
  ASSERT_TRUE(catalog()->put_segment_index(index));
  ASSERT_TRUE(catalog()->raise_watermark(kEpoch, ">", {500, at(500)}));
  const auto contents = stream_contents(*catalog());
  ASSERT_TRUE(contents) << contents.error().message;
  const SubjectContents& subject = contents->epochs[0].subjects[0];
  EXPECT_EQ(subject.first_sequence, 501U);
  EXPECT_EQ(subject.totals, (ChunkTotals{2'500, 2'500, 3'000, at(501), at(3'000)}));
}

TEST_F(ContentsTest, OldChunksAreCountedBySubject) {
  add_old("S", "orders.>", {.seconds = 100, .count = 7});
  add_old("S", "orders.>", {.seconds = 300, .count = 5});
  add_old("S", "other", {.seconds = 200, .count = 1});
  add("S", kEpoch, ">", {1, 3});
  const auto contents = stream_contents(*catalog());
  ASSERT_TRUE(contents);
  ASSERT_EQ(contents->old_chunks.size(), 2U);
  EXPECT_EQ(contents->old_chunks[0].subject, "orders.>");
  EXPECT_EQ(contents->old_chunks[0].totals, (ChunkTotals{2, 12, 0, at(100), at(300)}));
  EXPECT_EQ(contents->old_chunks[1].subject, "other");
  EXPECT_EQ(contents->epochs.size(), 1U);
}

TEST_F(ContentsTest, OfABucketAreItsStreamsAndOtherFolders) {
  const std::string long_name(300, 'x');
  add("ORDERS", kEpoch, ">", {1, 3});
  add("odd%name", kEpoch, ">", {1, 3});
  add(long_name, kEpoch, ">", {1, 3});
  add("BELOW", kEpoch, ">", {1, 3}, "team/a");
  add_old("OLD", "orders.>", {.seconds = 100, .count = 7});
  ASSERT_TRUE(store_->put("photos/2026/cat.jpg", "x"));
  ASSERT_TRUE(store_->put("readme.txt", "x"));
  const auto contents = bucket_contents(store_, "");
  ASSERT_TRUE(contents) << contents.error().message;
  EXPECT_THAT(contents->streams, ElementsAre("OLD", "ORDERS", "odd%name", long_name));
  EXPECT_THAT(contents->folders, ElementsAre("photos", "team"));
  EXPECT_THAT(bucket_contents(store_, "team/a")->streams, ElementsAre("BELOW"));
  EXPECT_THAT(bucket_contents(store_, "team")->folders, ElementsAre("a"));
  EXPECT_THAT(bucket_contents(store_, "nowhere")->streams, IsEmpty());
}

TEST_F(ContentsTest, APrefixThatCanBeNoneIsRefused) {
  EXPECT_EQ(bucket_contents(store_, "a/../b").error().code, ErrorCode::kInvalid);
}

TEST_F(ContentsTest, ABucketWithThousandsOfFoldersIsTooMuch) {
  for (std::size_t i = 0; i <= kMostFolders; ++i) {
    ASSERT_TRUE(store_->put("folder" + std::to_string(i) + "/x", "x"));
  }
  const auto contents = bucket_contents(store_, "");
  ASSERT_FALSE(contents);
  EXPECT_EQ(contents.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(contents.error().message, HasSubstr("prefix"));
}

TEST_F(ContentsTest, AnEpochWithoutItsDescriptionIsSaid) {
  add("S", kEpoch, ">", {1, 3});
  ASSERT_TRUE(store_->remove(archive::description_key({"", "S"}, kEpoch)));
  EXPECT_EQ(stream_contents(*catalog()).error().code, ErrorCode::kCorrupt);
}

// Whatever request fails, the failure is told, and not taken for an end.
TEST_F(ContentsTest, EachFailedRequestIsTold) {
  add("S", kEpoch, ">", {1, 3});
  add_old("S", "old", {.seconds = 100, .count = 7});
  for (std::uint64_t failing = 1;; ++failing) {
    bool failed = false;
    const auto faulty = object::make_faulty(store_, [&](const object::Call& call) {
      failed = failed || call.number == failing;
      return call.number == failing ? object::Fault{.error = object::made_up_error()}
                                    : object::Fault{};
    });
    const auto streams = bucket_contents(faulty, "");
    const auto contents = stream_contents(**Catalog::open(faulty, "", "S"));
    EXPECT_EQ(streams && contents, !failed) << failing;
    if (!failed) {
      EXPECT_GT(failing, 10U);
      return;
    }
  }
}

}  // namespace
}  // namespace nats3::catalog
