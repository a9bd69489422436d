#include "catalog/v1_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "catalog/chunk_removal.h"
#include "catalog/v1_reader_testing.h"

namespace nats3::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(V1Reader, ChunksOfASecondComeByTheirTimestamps) {
  for (const std::string prefix : {"", "pre", "a/b"}) {
    V1Archive archive(prefix);
    archive.add("s.>", {message("s.a", 30, "3"), message("s.a", 40, "4"), message("s.a", 50, "5")});
    archive.add("s.>", {message("s.a", 10, "1"), message("s.a", 20, "2")});
    archive.add("s.>", {message("s.a", kSecond, "8")}, V1Codec::kJson);
    archive.add("s.>", {message("s.a", 60, "6"), message("s.a", 70, "7")}, V1Codec::kJson);
    EXPECT_THAT(archive.read().payloads, ElementsAre("1", "2", "3", "4", "5", "6", "7", "8"));
  }
}

TEST(V1Reader, ChunksThatBeginTogetherComeByTheirEnd) {
  V1Archive archive;
  archive.add("s.>", {message("s.a", 0, "2"), message("s.a", 20, "3")}, V1Codec::kJson);
  archive.add("s.>", {message("s.a", 0, "0"), message("s.a", 10, "1")});
  EXPECT_THAT(archive.read().payloads, ElementsAre("0", "1", "2", "3"));
}

// 999,999,999 s sorts after 1,000,000,000 s in a listing.
TEST(V1Reader, SecondsOfFewerDigitsComeFirst) {
  V1Archive archive;
  for (const std::int64_t second : {1'000'000'000, 999'999'999, 0, 9, 10, 100}) {
    archive.add("s.>", {message("s.a", second * kSecond - kStart, std::to_string(second))});
  }
  EXPECT_THAT(archive.read().payloads,
              ElementsAre("0", "9", "10", "100", "999999999", "1000000000"));
  const auto whole = archive.read();
  for (std::size_t i = 0; i < whole.positions.size(); ++i) {
    const auto rest = archive.read({.subject = "s.>", .after = whole.positions[i]}).payloads;
    EXPECT_EQ(rest, std::vector(whole.payloads.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                                whole.payloads.end()));
  }
}

TEST(V1Reader, MergesFoldersAndSelectsByTheMessagesSubject) {
  V1Archive archive;
  archive.add("s.a.*", {message("s.a.x", 10, "1"), message("s.a.y", 30, "not x")});
  archive.add("s.b.x", {message("s.b.x", 20, "2")});
  archive.add("other", {message("other", 15, "other")});
  const auto outcome = archive.read({.subject = "s.*.x"});
  EXPECT_THAT(outcome.payloads, ElementsAre("1", "2"));
  ASSERT_THAT(outcome.finished, SizeIs(2));
  EXPECT_FALSE(outcome.finished[0].selected_whole);
  EXPECT_TRUE(outcome.finished[1].selected_whole);
}

TEST(V1Reader, AFolderOfTheVerySubjectIsReadAlone) {
  V1Archive archive;
  archive.add("s.>", {message("s.a", 10, "1")});
  archive.add("s.a", {message("s.a", 10, "again")});
  EXPECT_THAT(archive.read({.subject = "s.>"}).payloads, ElementsAre("1"));
  EXPECT_THAT(archive.read({.subject = "s.a"}).payloads, ElementsAre("again"));
}

TEST(V1Reader, FoldersThatMayHoldTheSameMessagesAreRefused) {
  V1Archive archive;
  archive.add("s.>", {message("s.a", 10, "1")});
  archive.add("s.a", {message("s.a", 10, "again")});
  const auto outcome = archive.read({.subject = ">"});
  EXPECT_EQ(outcome.error.code, ErrorCode::kInvalid);
  EXPECT_THAT(outcome.error.message, HasSubstr("'s.>' and 's.a'"));
  EXPECT_THAT(outcome.payloads, IsEmpty());
}

TEST(V1Reader, ForeignObjectsAreLeftAlone) {
  V1Archive archive;
  archive.add("s.>", {message("s.a", 10, "1")});
  for (const char* name : {"readme.txt", "1-1.json.tmp", "deeper/1795464796-1.bin"}) {
    ASSERT_TRUE(archive.store().put(archive.path("s.>") + name, "x"));
  }
  ASSERT_TRUE(archive.store().put(archive.path("s..a") + "1795464796-1.bin", "x"));
  ASSERT_TRUE(archive.store().put("pre/S/1795464796-1.bin", "x"));
  EXPECT_THAT(archive.read().payloads, ElementsAre("1"));
  EXPECT_THAT(archive.read({.subject = "*.>"}).payloads, ElementsAre("1"));
}

TEST(V1Reader, SelectsByTimeInclusively) {
  V1Archive archive;
  archive.add("s.>", {message("s.a", 10, "1"), message("s.a", 20, "2")});
  archive.add("s.>", {message("s.a", 30, "3"), message("s.a", kSecond + 40, "4")}, V1Codec::kJson);
  archive.add("s.>", {message("s.a", kSecond + 50, "5")});
  const auto select = [&](std::optional<Timestamp> from, std::optional<Timestamp> to) {
    return archive.read({.subject = "s.>", .from_time = from, .to_time = to}).payloads;
  };
  EXPECT_THAT(select(at(20), at(30)), ElementsAre("2", "3"));
  EXPECT_THAT(select(at(21), {}), ElementsAre("3", "4", "5"));
  EXPECT_THAT(select({}, at(kSecond + 40)), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(select({}, at(9)), IsEmpty());
}

TEST(V1Reader, TheOldGenerationComesFirst) {
  V1Archive archive;
  archive.add_new("new");
  archive.add("s.>", {message("s.a", 10 * kSecond, "old")});
  const auto outcome = archive.read();
  EXPECT_THAT(outcome.payloads, ElementsAre("old", "new"));
  EXPECT_LT(outcome.positions[0].epoch, outcome.positions[1].epoch);
  EXPECT_GT(outcome.positions[0].epoch, Position{}.epoch);
  EXPECT_EQ(*count_replayed(archive.catalog(), {.subject = "s.>"}), 2);
}

TEST(V1Reader, APositionInTheArchiveLeavesTheOldGenerationBehind) {
  V1Archive archive;
  archive.add_new("new");
  Selection selection{.subject = "s.>"};
  selection.after = archive.read().end;
  archive.add("s.>", {message("s.a", 10, "old")});
  EXPECT_THAT(archive.read(selection).payloads, IsEmpty());
  EXPECT_EQ(*count_replayed(archive.catalog(), selection), 0);
}

TEST(V1Reader, CountsWhatIsLeft) {
  V1Archive archive;
  archive.add("s.>", {message("s.a", 10, "1"), message("s.a", 20, "2")});
  archive.add("s.>", {message("s.a", kSecond, "3")});
  archive.add("s.>", {message("s.a", 2 * kSecond, "4")});
  Selection selection{.subject = "s.>"};
  EXPECT_EQ(*count_replayed(archive.catalog(), selection), 4);
  selection.to_time = at(kSecond);
  EXPECT_EQ(*count_replayed(archive.catalog(), selection), 3);
  selection.after = archive.read().positions[2];
  EXPECT_EQ(*count_replayed(archive.catalog(), selection), 1);  // it may be at its beginning
}

TEST(V1Reader, IsArchivedSeesOldChunks) {
  V1Archive archive;
  EXPECT_FALSE(*is_archived(archive.catalog(), {.subject = "s.>"}));
  archive.add("s.>", {message("s.a", 10, "1")});
  EXPECT_TRUE(*is_archived(archive.catalog(), {.subject = "s.>"}));
  EXPECT_TRUE(*is_archived(archive.catalog(), {.subject = "s.a"}));
}

// What a job with delete_chunks finds when it goes on after its last chunk.
TEST(V1Reader, AFolderThatWasEmptiedDoesNotMakeItReadOthers) {
  V1Archive archive;
  const std::string key = archive.add("s.>", {message("s.a", 10, "1")});
  archive.add("s.a", {message("s.a", kSecond, "other job's")});
  Selection selection{.subject = "s.>"};
  selection.after = archive.read(selection).end;
  ASSERT_TRUE(archive.store().remove(key));
  EXPECT_THAT(archive.read(selection).payloads, IsEmpty());
  EXPECT_TRUE(*is_archived(archive.catalog(), selection));
}

TEST(V1Reader, ChunksThatAreNotKeptAreReadAgain) {
  V1Archive archive;
  for (int i = 9; i > 0; --i) {
    V1TestMessages messages;
    for (int j = 0; j < i; ++j) {  // another count, so another key
      messages.push_back(message("s.a", i * 100 + j, fmt::format("{}.{}", i, j)));
    }
    archive.add("s.>", messages);
  }
  const auto kept = archive.read<V1Reader>();
  const auto again = archive.read<V1Reader>({.subject = "s.>"}, OnDamage::kFail, std::size_t{1});
  EXPECT_THAT(kept.payloads, SizeIs(45));
  EXPECT_EQ(again.payloads, kept.payloads);
  EXPECT_EQ(again.ids, kept.ids);
  EXPECT_GT(again.read_bytes, kept.read_bytes);
}

TEST(V1Reader, LargeChunksComeInSeveralBatches) {
  V1Archive archive;
  V1TestMessages messages;
  for (int i = 0; i < 40; ++i) {
    messages.push_back(message("s.a", i, std::string(100'000, static_cast<char>('a' + i % 26))));
  }
  archive.add("s.>", messages);
  V1Reader reader(archive.catalog(), {.subject = "s.>"}, OnDamage::kFail);
  std::vector<ReadBatch> batches;
  while (auto batch = reader.next().value()) {
    batches.push_back(std::move(*batch));
  }
  EXPECT_THAT(batches, SizeIs(4));
  std::size_t count = 0;
  for (const ReadBatch& batch : batches) {  // after the reader has gone on
    for (const auto& read : batch.messages) {
      EXPECT_EQ(read.payload, messages[count++].payload);
    }
    EXPECT_EQ(batch.position.sequence, count);
  }
}

TEST(V1Place, IsAPrintableTextThatIsReadBack) {
  const std::string place = v1_place(V1Choice::kOverlapping, at(1), at(2), "pre/S/a b\r\n/1-1.bin");
  EXPECT_EQ(place.size(), 74);
  EXPECT_TRUE(std::ranges::all_of(place, [](char c) { return c > ' ' && c < 0x7f; })) << place;
  const auto parts = parse_v1_place(place);
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->choice, V1Choice::kOverlapping);
  EXPECT_EQ(parts->second, kStart / kSecond);
  for (const std::string& bad :
       {std::string(), std::string(kEpoch), place + "x", "!v1" + place.substr(4),
        place.substr(0, 40), std::string("!v1=")}) {
    EXPECT_FALSE(parse_v1_place(bad)) << bad;
  }
}

// Whatever chunks there are: a reader that goes on after any message gives the rest, with the same
// ids, also when the chunks before it are gone.
RC_GTEST_PROP(V1ReaderProperties, GoesOnAfterEveryMessage, ()) {
  V1Archive archive;
  const int chunks = *rc::gen::inRange(1, 8);
  int number = 0;
  for (int i = 0; i < chunks; ++i) {
    V1TestMessages messages;
    const int count = *rc::gen::inRange(1, 5);
    const std::string subject = *rc::gen::element<std::string>("s.a", "s.b");
    for (int j = 0; j < count; ++j) {
      const std::int64_t offset = *rc::gen::inRange<std::int64_t>(0, 3) * (kSecond / 2);
      messages.push_back(message(subject, offset, std::to_string(++number)));
    }
    archive.add(subject, messages, *rc::gen::element(V1Codec::kJson, V1Codec::kBinary));
  }
  archive.add_new("new");
  const auto whole = archive.read();
  RC_ASSERT(whole.error.message.empty());
  RC_ASSERT(std::set(whole.ids.begin(), whole.ids.end()).size() == whole.ids.size());
  const bool remove = *rc::gen::arbitrary<bool>();
  const std::size_t from = *rc::gen::inRange<std::size_t>(0, whole.positions.size());
  Selection selection{.subject = "s.>"};
  selection.after = whole.positions[from];
  if (!is_v1_place(selection.after.epoch)) {
    selection.after = whole.end;
  }
  for (const FinishedChunk& finished : whole.finished) {
    if (remove && is_v1_place(finished.epoch) && finished.epoch <= selection.after.epoch) {
      std::vector<FinishedChunk> one{finished};
      RC_ASSERT(remove_chunks(archive.catalog(), one).has_value());
    }
  }
  const auto rest = archive.read(selection);
  RC_ASSERT(rest.error.message.empty());
  const std::size_t gone =
      remove ? static_cast<std::size_t>(std::ranges::count_if(
                   whole.positions.begin() + static_cast<std::ptrdiff_t>(from) + 1,
                   whole.positions.end(),
                   [&](const Position& p) { return p.epoch == selection.after.epoch; }))
             : 0;
  RC_ASSERT(rest.ids ==
            std::vector<std::string>(
                whole.ids.begin() + static_cast<std::ptrdiff_t>(from + 1 + gone), whole.ids.end()));
}

}  // namespace
}  // namespace nats3::catalog
