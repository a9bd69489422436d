#include "catalog/archive_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <random>
#include <set>

#include "catalog/archive_reader_testing.h"
#include "catalog/fetch_index.h"

namespace nats3::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ArchiveReader, YieldsNothingOfAnEmptyArchive) {
  Archive archive;
  EXPECT_THAT(archive.read().sequences, IsEmpty());
}

TEST(ArchiveReader, YieldsChunksInOrderOfSequence) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(10, 12, 3);
  archive.add_range(1, 3);
  const auto outcome = archive.read();
  EXPECT_THAT(outcome.sequences, ElementsAre(1, 2, 3, 10, 11, 12));
  EXPECT_EQ(outcome.finished.size(), 2);
}

TEST(ArchiveReader, YieldsAMessageOnceHoweverChunksOverlap) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 5);
  archive.add_range(3, 9, 2);
  archive.add_range(4, 4, 2);
  EXPECT_THAT(archive.read().sequences, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST(ArchiveReader, MergesFilters) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_chunk({1, 4, 7}, 0, "s.1");
  archive.add_chunk({2, 5, 8}, 0, "s.2");
  archive.add_chunk({1, 2, 3, 4}, 0, "s.>");
  EXPECT_THAT(archive.read().sequences, ElementsAre(1, 2, 3, 4, 5, 7, 8));
}

TEST(ArchiveReader, ReadsEpochsInTurnWithoutTheirSharedPart) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_epoch(kNextEpoch, 2);
  archive.add_range(1, 4);
  archive.add_chunk({1, 2, 3}, 0, "s.>", kNextEpoch, "anew");
  EXPECT_THAT(archive.read().sequences, ElementsAre(1, 2, 3, 4, 3));
}

TEST(ArchiveReader, SelectsByTimeInclusively) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 9);
  EXPECT_THAT(archive.read({.from_time = time_of(3), .to_time = time_of(5)}).sequences,
              ElementsAre(3, 4, 5));
}

TEST(ArchiveReader, SelectsByTheMessagesSubject) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 9);
  EXPECT_THAT(archive.read({.subject = "s.1"}).sequences, ElementsAre(1, 4, 7));
  EXPECT_THAT(archive.read({.subject = "other.>"}).sequences, IsEmpty());
}

TEST(ArchiveReader, GoesOnAfterAPosition) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_epoch(kNextEpoch);
  archive.add_range(1, 5);
  archive.add_chunk({1, 2}, 0, "s.>", kNextEpoch);
  EXPECT_THAT(archive.read({.after = {kEpoch, 4, {{"s.>", 4}}}}).sequences, ElementsAre(5, 1, 2));
  EXPECT_THAT(archive.read({.after = {kNextEpoch, 1, {{"s.>", 1}}}}).sequences, ElementsAre(2));
}

// Two store jobs, each with its filter, and a load that polls: the slower one's chunk comes late.
TEST(ArchiveReader, AChunkThatComesLateIsAheadOfItsFiltersPosition) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_chunk({2, 5, 8}, 0, "s.2");
  Position position;
  EXPECT_THAT(archive.read({}, OnDamage::kFail, &position).sequences, ElementsAre(2, 5, 8));
  archive.add_chunk({1, 4, 7}, 0, "s.1");
  EXPECT_THAT(archive.read({.after = position}).sequences, ElementsAre(1, 4, 7));
}

TEST(ArchiveReader, WhatWasReadFromOneFilterIsNotReadAgainFromAnother) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_chunk({2, 5, 8}, 0, "s.2");
  archive.add_chunk({1, 2, 4, 5}, 0, "*.*");
  Position position;
  EXPECT_THAT(archive.read({}, OnDamage::kFail, &position).sequences, ElementsAre(1, 2, 4, 5, 8));
  archive.add_chunk({7, 8, 9}, 5, "*.*");
  archive.add_chunk({1, 4, 7}, 0, "s.1");
  EXPECT_THAT(archive.read({.after = position}).sequences, ElementsAre(7, 9));
}

TEST(ArchiveReader, FetchesOnlyFramesThatCanHoldSomethingSelected) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 2'000);
  const auto all = archive.read();
  const auto some = archive.read({.from_time = time_of(1'000), .to_time = time_of(1'001)});
  EXPECT_EQ(some.sequences.size(), 2);
  EXPECT_LT(some.read_bytes, all.read_bytes);
}

TEST(ArchiveReader, FetchesNoFrameOfAChunkWithoutTheSubject) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_chunk({1, 4, 7});         // s.1
  archive.add_chunk({8, 11}, 7);        // s.2
  archive.add_chunk({13, 16, 19}, 11);  // s.1
  archive.add_chunk({20, 23}, 19);      // s.2
  const auto all = archive.read();
  Position position;
  const auto some = archive.read({.subject = "s.2"}, OnDamage::kFail, &position);
  EXPECT_THAT(some.sequences, ElementsAre(8, 11, 20, 23));
  EXPECT_LT(some.read_bytes, all.read_bytes);
  EXPECT_EQ(some.finished.size(), 4);
  EXPECT_EQ(position.reached.at("s.>"), 23);
}

TEST(ArchiveReader, FetchesOnlyTheFramesThatHoldTheSubject) {
  Archive archive;
  archive.subjects = 1'500;
  archive.add_epoch(kEpoch);
  const std::string key = archive.add_range(1, 3'000);
  const std::string bytes = *archive.store().get(key);
  const auto index = *archive::ChunkIndex::parse(bytes, bytes.size());
  std::uint64_t expected = fetch_index(archive.store(), key, bytes.size())->read_bytes;
  std::size_t frames = 0;
  for (std::size_t i = 0; i < index.frames.size(); ++i) {
    if (index.may_contain_subject("s.7", i)) {
      ++frames;
      expected += index.frames[i].compressed_bytes;
    }
  }
  ASSERT_GT(index.frames.size(), 1'000);
  EXPECT_LT(frames, 20) << "2, and of the others 0.3 %";
  Position position;
  const auto some = archive.read({.subject = "s.7"}, OnDamage::kFail, &position);
  EXPECT_THAT(some.sequences, ElementsAre(7, 1'507));
  EXPECT_THAT(some.finished, ElementsAre(key));
  EXPECT_EQ(some.read_bytes, expected);
  EXPECT_EQ(position.reached.at("s.>"), 3'000);
  EXPECT_EQ(archive.read({.subject = "s.7", .after = position}).read_bytes, 0);
}

// Who polls must not fetch the same indexes again and again.
TEST(ArchiveReader, ThePositionPassesChunksWithoutTheSubject) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_chunk({2, 5, 8}, 0, "s.2");
  archive.add_chunk({1, 4, 7, 10}, 0, "*.*");
  Position position;
  EXPECT_THAT(archive.read({.subject = "s.2"}, OnDamage::kFail, &position).sequences,
              ElementsAre(2, 5, 8));
  EXPECT_EQ(position.reached.at("*.*"), 10);
  EXPECT_EQ(position.reached.at("s.2"), 8);
  EXPECT_EQ(archive.read({.subject = "s.2", .after = position}).read_bytes, 0);
  archive.add_chunk({11}, 8, "s.2");
  EXPECT_THAT(archive.read({.subject = "s.2", .after = position}).sequences, ElementsAre(11));
}

TEST(ArchiveReader, NoticesAMissingChunkBeforeOneWithoutTheSubject) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_chunk({2, 5});
  archive.add_chunk({7, 10}, 6);
  EXPECT_THAT(archive.read({.subject = "s.2"}).error, HasSubstr("after 5 up to 6"));
}

// A batch once kept only the first of the frames its messages were in.
TEST(ArchiveReader, KeepsTheMemoryOfEveryFrameItReads) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 10'000);
  EXPECT_EQ(archive.read().sequences.size(), 10'000);
}

TEST(ArchiveReader, LeavesForeignObjectsAlone) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 3);
  const std::string folder = archive::filter_folder(archive.catalog().location(), kEpoch, "s.>");
  ASSERT_TRUE(archive.store().put(folder + "README", "not a chunk"));
  ASSERT_TRUE(archive.store().put(folder + "1795464796-6.bin", "of the old format"));
  ASSERT_TRUE(archive.store().put("pre/S/notes/x.txt", "not an epoch"));
  EXPECT_THAT(archive.read().sequences, ElementsAre(1, 2, 3));
}

// Whatever chunks there are, in whatever filters, a reader yields the union of their sequences.
RC_GTEST_PROP(ArchiveReaderProperty, YieldsTheUnionInOrder, ()) {
  Archive archive;
  archive.add_epoch(kEpoch);
  std::map<std::string, std::set<std::uint64_t>> by_key;  // two of one range are one object
  const auto chunks = *rc::gen::inRange(0, 8);
  for (int i = 0; i < chunks; ++i) {
    const auto picked =
        *rc::gen::container<std::set<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(1, 60));
    if (picked.empty()) {
      continue;
    }
    const std::string filter = *rc::gen::element<std::string>("s.>", "*.*", ">");
    by_key[archive.add_chunk({picked.begin(), picked.end()}, 0, filter)] = picked;
  }
  std::set<std::uint64_t> expected;
  for (const auto& [key, sequences] : by_key) {
    expected.insert(sequences.begin(), sequences.end());
  }
  // Either all, or of one subject, as if all were read and the rest left out.
  const auto subject = *rc::gen::inRange<std::uint64_t>(0, 4);
  std::erase_if(expected, [&](auto sequence) { return subject < 3 && sequence % 3 != subject; });
  const auto outcome = archive.read({.subject = subject < 3 ? fmt::format("s.{}", subject) : ">"});
  RC_ASSERT(outcome.error == "");
  RC_ASSERT(outcome.sequences == std::vector<std::uint64_t>(expected.begin(), expected.end()));
}

// Of many subjects, in chunks that overlap: one of them, or some, read alone is what is left of all
// when the others are left out.
RC_GTEST_PROP(ArchiveReaderProperty, ASubjectReadAloneIsWhatReadingEverythingHasOfIt, ()) {
  Archive archive;
  archive.subjects = *rc::gen::inRange<std::uint64_t>(1'200, 1'600);
  archive.add_epoch(kEpoch);
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  for (const std::uint64_t first : {1, 1'500}) {
    std::vector<std::uint64_t> sequences;
    for (std::uint64_t sequence = first; sequence < first + 2'500; ++sequence) {
      if (random() % 4 != 0) {
        sequences.push_back(sequence);
      }
    }
    archive.add_chunk(sequences);
  }
  const Archive::Outcome all = archive.read();
  RC_ASSERT(all.error == "");
  for (int i = 0; i < 3; ++i) {
    const std::string subject = archive.subject_of(random());
    std::vector<std::uint64_t> expected = all.sequences;
    std::erase_if(expected, [&](auto n) { return archive.subject_of(n) != subject; });
    const Archive::Outcome some = archive.read({.subject = subject});
    RC_ASSERT(some.error == "");
    RC_ASSERT(some.sequences == expected);
    RC_ASSERT(some.read_bytes < all.read_bytes);
  }
}

}  // namespace
}  // namespace nats3::catalog
