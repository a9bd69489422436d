// What an index of segments may change, which is the number of requests, and what it mustn't, which
// is what is read.

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "archive/chunk_writer.h"
#include "archive/segment_index.h"
#include "catalog/archive_reader.h"
#include "catalog/chunk_removal.h"
#include "catalog/large_bucket_testing.h"
#include "object/faulty.h"
#include "object/memory/memory_store.h"

namespace nats3::catalog {
namespace {

using ::testing::HasSubstr;

// A small archive of real chunks, one after another, whose clock may step back.
class SmallArchive {
 public:
  SmallArchive() {
    EXPECT_TRUE(catalog_->put_epoch({.stream = "S", .name = kEpoch, .config = Json::object()}));
  }

  archive::ChunkName add(std::uint64_t first, std::uint64_t last, std::int64_t time,
                         std::uint64_t previous) {
    std::vector<std::uint64_t> sequences(last - first + 1);
    std::iota(sequences.begin(), sequences.end(), first);
    return add_messages(sequences, time, previous);
  }
  archive::ChunkName add_messages(const std::vector<std::uint64_t>& sequences,
                                  std::int64_t time = 0, std::uint64_t previous = 0) {
    archive::ChunkWriter writer(
        {.stream = "S", .epoch = kEpoch, .filter = kFilter, .previous = previous});
    for (const std::uint64_t sequence : sequences) {
      // The same message has the same time in each chunk.
      const Timestamp when = times_.try_emplace(sequence, at(time++)).first->second;
      EXPECT_TRUE(writer.add({.sequence = sequence, .time = when, .subject = "s.a"}));
    }
    const auto chunk = writer.finish();
    const auto name = archive::chunk_name(chunk->summary, archive::Encoding::kBinary);
    EXPECT_TRUE(
        store_->put(archive::chunk_key(catalog_->location(), kEpoch, kFilter, name), chunk->bytes));
    return name;
  }
  void put_index(std::string_view bytes) {
    EXPECT_TRUE(store_->put(archive::index_key(catalog_->location(), kEpoch, kFilter), bytes));
  }
  void put_complete(std::uint64_t sequence) {
    const std::string text = fmt::format(R"({{"format":2,"sequence":{}}})", sequence);
    EXPECT_TRUE(store_->put(archive::complete_key(catalog_->location(), kEpoch, kFilter), text));
  }
  void remove_index() {
    EXPECT_TRUE(store_->remove(archive::index_key(catalog_->location(), kEpoch, kFilter)));
  }

  struct Seen {
    std::vector<std::uint64_t> sequences;
    std::uint64_t counted = 0;
    std::string error;
    bool operator==(const Seen&) const = default;
  };
  Seen read(const Selection& selection) const {
    Seen seen{.counted = *catalog_->count_messages(selection)};
    ArchiveReader reader(*catalog_, selection, OnDamage::kFail);
    while (true) {
      const auto batch = reader.next();
      if (!batch || !*batch) {
        seen.error = batch ? "" : batch.error().message;
        return seen;
      }
      for (const auto& message : (*batch)->messages) {
        seen.sequences.push_back(message.sequence);
      }
    }
  }
  const Catalog& catalog() const { return *catalog_; }

  // Called before each request of the catalog.
  std::function<void(const object::Call&)> on_request = [](const object::Call&) {};

 private:
  std::map<std::uint64_t, Timestamp> times_;
  std::shared_ptr<object::ObjectStore> store_ = object::make_memory_store();
  std::shared_ptr<Catalog> catalog_ =
      *Catalog::open(object::make_faulty(store_,
                                         [this](const object::Call& call) {
                                           on_request(call);
                                           return object::Fault{};
                                         }),
                     "", "S");
};

archive::SegmentIndex index_of(const std::vector<archive::ChunkName>& names,
                               const std::vector<std::size_t>& sizes) {
  archive::SegmentIndex index("S", kEpoch, kFilter);
  index.begin_at(names.front().first);
  archive::SegmentBuilder builder;
  std::size_t size = 0;
  for (const archive::ChunkName& name : names) {
    if (builder.chunks() > 0 && builder.chunks() >= sizes[size % sizes.size()]) {
      index.add(builder.take());
      ++size;
    }
    builder.add(name);
  }
  return index;
}

Selection any_selection(std::uint64_t last) {
  Selection selection;
  if (*rc::gen::arbitrary<bool>()) {
    selection.from_time = at(*rc::gen::inRange(-20, 120));
  }
  if (*rc::gen::arbitrary<bool>()) {
    selection.to_time = at(*rc::gen::inRange(-20, 120));
  }
  if (*rc::gen::arbitrary<bool>()) {
    const auto reached = *rc::gen::inRange<std::uint64_t>(0, last + 1);
    selection.after = {kEpoch, reached, {{kFilter, reached}}};
  }
  selection.follow = *rc::gen::arbitrary<bool>();
  selection.meet_passed = *rc::gen::arbitrary<bool>();
  return selection;
}

// Missing, whole, stale or damaged, after a late chunk or deletions: the index changes nothing.
RC_GTEST_PROP(SegmentListingProperty, WhatIsReadIsTheSameWithAnIndexOrWithout, ()) {
  SmallArchive archive;
  std::vector<archive::ChunkName> names;
  std::uint64_t last = 0;
  std::int64_t time = 0;
  const auto chunks = *rc::gen::inRange(1, 30);
  for (int i = 0; i < chunks; ++i) {
    const std::uint64_t first = last + *rc::gen::inRange<std::uint64_t>(1, 4);
    const std::uint64_t end = first + *rc::gen::inRange<std::uint64_t>(0, 4);
    time += *rc::gen::inRange(-6, 12);
    names.push_back(archive.add(first, end, time, last));
    last = end;
  }
  const auto sizes =
      *rc::gen::container<std::vector<std::size_t>>(3, rc::gen::inRange<std::size_t>(1, 5));
  // Those before were copied there later.
  const auto begin = *rc::gen::inRange<std::ptrdiff_t>(0, chunks);
  archive::SegmentIndex index = index_of({names.begin() + begin, names.end()}, sizes);
  if (*rc::gen::arbitrary<bool>()) {
    // A chunk that comes late: the writer cuts the index first.
    const auto first = *rc::gen::inRange<std::uint64_t>(1, last + 1);
    index.cut(first);
    archive.add(first, first + *rc::gen::inRange<std::uint64_t>(0, 40), time, 0);
  }
  const bool deletes = *rc::gen::arbitrary<bool>();
  if (deletes) {
    const auto upto = *rc::gen::inRange<std::size_t>(0, names.size());
    std::vector<FinishedChunk> replayed;
    for (std::size_t i = 0; i < upto; ++i) {
      const std::string key =
          archive::chunk_key(archive.catalog().location(), kEpoch, kFilter, names[i]);
      replayed.push_back({.epoch = kEpoch, .chunk = {key, 1, kFilter, names[i]}});
    }
    RC_ASSERT(remove_chunks(archive.catalog(), replayed).has_value());
  }
  archive::SegmentIndex stale = index;
  stale.cut(*rc::gen::inRange<std::uint64_t>(0, last + 1));
  std::string damaged = index.serialize();
  damaged[*rc::gen::inRange<std::size_t>(0, damaged.size())] ^= 1;
  for (int i = 0; i < 4; ++i) {
    const Selection selection = any_selection(last);
    archive.remove_index();
    const auto expected = archive.read(selection);
    RC_ASSERT(expected.error == "");
    for (const std::string& bytes : {index.serialize(), stale.serialize(), damaged}) {
      archive.put_index(bytes);
      RC_ASSERT(archive.read(selection) == expected);
    }
  }
}

// Of another filter, say, by a copy.
TEST(SegmentListingTest, AnIndexOfSomethingElseIsNotUsed) {
  SmallArchive archive;
  const auto name = archive.add(1, 5, 0, 0);
  archive::SegmentIndex other("S", kEpoch, "t.>");
  other.begin_at(1);
  archive::SegmentBuilder builder;
  builder.add(name);
  other.add(builder.take());
  archive.put_index(other.serialize());
  EXPECT_EQ((*archive.catalog().segment_index(kEpoch, kFilter))->end(), 0);
}

TEST(SegmentListingTest, AnIndexThatWasReplacedIsReadAgain) {
  SmallArchive archive;
  const std::vector names{archive.add(1, 5, 0, 0), archive.add(6, 9, 9, 5),
                          archive.add(10, 12, 20, 9)};
  auto index = index_of(names, {1});
  archive.put_index(index.serialize());
  EXPECT_EQ((*archive.catalog().segment_index(kEpoch, kFilter))->end(), 7);
  index.cut(6);
  archive.put_index(index.serialize());
  EXPECT_EQ((*archive.catalog().segment_index(kEpoch, kFilter))->end(), 2);
  archive.remove_index();
  EXPECT_EQ((*archive.catalog().segment_index(kEpoch, kFilter))->end(), 0);
}

// A bucket that was begun anew, and into which the old one was copied.
TEST(SegmentListingTest, ChunksThatAreOlderThanTheIndexAreFound) {
  SmallArchive archive;
  archive.add(1, 5, 0, 0);
  archive.put_index(
      index_of({archive.add(6, 9, 50, 5), archive.add(10, 12, 90, 9)}, {1}).serialize());
  const auto seen = archive.read({.to_time = at(40)});
  EXPECT_THAT(seen.sequences, ::testing::ElementsAre(1, 2, 3, 4, 5));
  EXPECT_EQ(seen.counted, 5);
}

// Message 12 is put together with message 3, which was delivered again: in a chunk that begins
// where the index has been. Whoever sees the mark above it has to see the index that was cut
// before.
TEST(SegmentListingTest, WhoFollowsNeverPassesAChunkThatComesLate) {
  for (const std::string at_request :
       {"/complete.json", "/index.bin", "/watermark.json", "/s.%3E/"}) {
    SmallArchive archive;
    const std::vector names{archive.add(1, 5, 0, 0), archive.add(6, 9, 10, 0),
                            archive.add(10, 11, 20, 0)};
    auto index = index_of(names, {1});
    archive.put_index(index.serialize());
    ASSERT_TRUE(archive.catalog().put_complete(kEpoch, kFilter, 11));
    bool came = false;
    archive.on_request = [&](const object::Call& call) {
      if (came || !call.key.ends_with(at_request)) {
        return;
      }
      came = true;
      index.cut(3);
      archive.put_index(index.serialize());
      archive.add_messages({3, 12});
      archive.add(13, 15, 30, 0);
      archive.put_complete(15);
    };
    ArchiveReader reader(archive.catalog(),
                         {.after = {kEpoch, 11, {{kFilter, 11}}}, .follow = true}, OnDamage::kFail);
    std::vector<std::uint64_t> read;
    while (const auto batch = *reader.next()) {
      for (const auto& message : batch->messages) {
        read.push_back(message.sequence);
      }
    }
    ASSERT_TRUE(came) << at_request;
    EXPECT_THAT(read,
                ::testing::AnyOf(::testing::IsEmpty(), ::testing::ElementsAre(12, 13, 14, 15)))
        << at_request;
  }
}

// What is skipped counts as there, and only that.
TEST(SegmentListingTest, AMissingChunkIsNoticedAfterASegmentThatIsSkipped) {
  SmallArchive archive;
  const std::vector names{archive.add(1, 5, 0, 0), archive.add(6, 9, 50, 5),
                          archive.add(16, 19, 90, 15)};
  archive.put_index(index_of(names, {1}).serialize());
  const Selection late{.from_time = at(50)};
  EXPECT_THAT(archive.read({.from_time = at(50), .to_time = at(60)}).sequences,
              ::testing::ElementsAre(6, 7, 8, 9));
  EXPECT_THAT(archive.read(late).error, HasSubstr("after 9 up to 15"));
}

}  // namespace
}  // namespace nats3::catalog
