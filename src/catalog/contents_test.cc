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

// As a console of S3 makes folders, and as other programs leave files.
TEST_F(ContentsTest, WhatSortsBeforeTheChunksHidesNothing) {
  add("S", kEpoch, ">", {5, 10});
  const std::string folder = archive::filter_folder({"", "S"}, kEpoch, ">");
  ASSERT_TRUE(store_->put(folder + ".keep", ""));
  ASSERT_TRUE(store_->put(folder + "00-notes", ""));
  const auto contents = stream_contents(*catalog());
  EXPECT_EQ(contents->epochs[0].subjects[0].first_sequence, 5U);
  EXPECT_EQ(contents->epochs[0].subjects[0].totals.messages, 6U);
}

// The index of an archive whose chunks were all deleted by hand.
TEST_F(ContentsTest, WithoutAnyChunkTheIndexIsNotBelieved) {
  archive::SegmentIndex index("S", kEpoch, ">");
  index.begin_at(1);
  index.add({.end = 2'000, .chunks = 1'000, .messages = 1'999, .last = 1'999});
  describe({"", "S"}, kEpoch);
  ASSERT_TRUE(catalog()->put_segment_index(index));
  const auto contents = stream_contents(*catalog());
  ASSERT_TRUE(contents) << contents.error().message;
  EXPECT_EQ(contents->epochs[0].subjects[0].totals, ChunkTotals{});
}

TEST_F(ContentsTest, AStreamOfBothGenerationsIsListedOnce) {
  add("my$stream", kEpoch, ">", {1, 3});  // under my%24stream
  add_old("my$stream", "orders.>", {.seconds = 100, .count = 7});
  EXPECT_THAT(bucket_contents(store_, "")->streams, ElementsAre("my$stream"));
  const auto contents = stream_contents(*catalog("my$stream"));
  EXPECT_EQ(contents->epochs.size(), 1U);
  EXPECT_EQ(contents->old_chunks.size(), 1U);
}

TEST_F(ContentsTest, OddFoldersHideNothing) {
  add("ORDERS", kEpoch, ">", {1, 3});
  const std::string cut = archive::encode_component(std::string(300, 'x'));
  ASSERT_TRUE(store_->put("my backups/" + std::string(kEpoch) + "/dump.sql", "x"));
  ASSERT_TRUE(store_->put(cut + "/" + kEpoch + "/stream.json", "not JSON"));
  ASSERT_TRUE(store_->put("%FF/" + std::string(kEpoch) + "/stream.json", "{}"));
  const auto contents = bucket_contents(store_, "");
  ASSERT_TRUE(contents) << contents.error().message;
  EXPECT_THAT(contents->streams, ElementsAre("ORDERS"));
  EXPECT_THAT(contents->folders, ElementsAre("%FF", "my backups", cut));
}

TEST_F(ContentsTest, OldChunksAreFoundBesideOtherFolders) {
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(store_->put("OLD/a" + std::to_string(i) + "/log.gz", "x"));
  }
  add_old("OLD", "zz.>", {.seconds = 100, .count = 7});
  EXPECT_THAT(bucket_contents(store_, "")->streams, ElementsAre("OLD"));
}

TEST_F(ContentsTest, NumbersThatCannotBeAddUpToTheLargest) {
  add_old("S", "orders.>", {.seconds = 100, .count = UINT64_MAX});
  add_old("S", "orders.>", {.seconds = 200, .count = 7});
  EXPECT_EQ(stream_contents(*catalog())->old_chunks[0].totals.messages, UINT64_MAX);
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
