#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/archive_testing.h"
#include "archive/v1_testing.h"
#include "catalog/verifier_testing.h"

namespace nats3::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(VerifierTest, AWholeArchiveHasNothingToTell) {
  add(1, 10, 0);
  add(11, 20, 10);
  add(21, 30, 20);
  const Outcome outcome = verify();
  EXPECT_THAT(outcome.kinds, IsEmpty());
  EXPECT_EQ(outcome.chunks, 3);
  EXPECT_EQ(outcome.messages, 30);
  EXPECT_EQ(outcome.gaps, 0);
}

TEST_F(VerifierTest, EveryFlippedBitAndEveryCutIsFoundAndNamed) {
  add(1, 10, 0);
  const std::string key = add(11, 20, 10);
  add(21, 30, 20);
  const std::string good = *store_->get(key);
  for (std::size_t at = 0; at < good.size(); at += 3) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    ASSERT_TRUE(store_->put(key, bad));
    const Outcome outcome = verify();
    ASSERT_EQ(outcome.findings.size(), 1) << at;
    EXPECT_EQ(outcome.findings[0].key, key);
    EXPECT_TRUE(is_damage(outcome.findings[0].kind)) << at << " " << outcome.kinds[0];
    EXPECT_EQ(outcome.messages, 20);
    ASSERT_TRUE(outcome.lost[0]);
    EXPECT_EQ(outcome.lost[0]->previous, 10);
    EXPECT_EQ(outcome.lost[0]->name->count, 10);
  }
  for (std::size_t size = 0; size < good.size(); size += 7) {
    ASSERT_TRUE(store_->put(key, good.substr(0, size)));
    const Outcome outcome = verify();
    ASSERT_EQ(outcome.findings.size(), 1) << size;
    EXPECT_TRUE(outcome.kinds[0] == "cut" || outcome.kinds[0] == "damaged");
  }
  ASSERT_TRUE(store_->put(key, good.substr(0, good.size() - 100)));
  EXPECT_THAT(verify().kinds, ElementsAre("cut"));
}

// Each of these is sealed with hashes that hold.
TEST_F(VerifierTest, AnIndexThatLiesIsFound) {
  const std::vector<std::function<void(archive::ChunkIndex&)>> lies{
      [](auto& index) { index.subjects.listed[0].subject = "s.b"; },
      [](auto& index) { index.summary.content_bytes += 1; },
      [](auto& index) {
        index.frames[0].time_min -= std::chrono::seconds{1};
        index.summary.time_min -= std::chrono::seconds{1};
      },
      [](auto& index) { index.frames[0].content_hash ^= 1; },
      [](auto& index) {
        index.frames.back().last_sequence += 1;
        index.summary.last_sequence += 1;
      },
  };
  for (std::size_t i = 0; i < lies.size(); ++i) {
    const std::string key = add(1, 10, 0);
    lie(key, lies[i]);
    EXPECT_THAT(verify().kinds, ElementsAre("lying_index")) << i;
  }
}

TEST_F(VerifierTest, AFilterThatLeavesOutAFrameIsALie) {
  const std::string good = archive::testing::encode(
      {.stream = "S", .epoch = kEpoch, .filter = ">", .frame_bytes = 4'096},
      archive::testing::messages_of_many_subjects());
  const auto index = *archive::ChunkIndex::parse(good, good.size());
  const std::string key = key_of(index.summary, ">", kEpoch);
  ASSERT_TRUE(store_->put(key, good));
  EXPECT_THAT(verify().kinds, IsEmpty());
  ASSERT_TRUE(store_->put(key, archive::testing::hide_frame(good, 3)));
  EXPECT_THAT(verify().kinds, ElementsAre("lying_index"));
}

TEST_F(VerifierTest, AChunkUnderTheKeyOfAnotherIsFound) {
  const std::string first = add(1, 10, 0);
  const std::string second = add(11, 20, 10);
  ASSERT_TRUE(store_->put(second, *store_->get(first)));
  const Outcome outcome = verify();
  EXPECT_THAT(outcome.kinds, ElementsAre("misplaced"));
  EXPECT_EQ(outcome.lost[0]->previous, 10);
}

TEST_F(VerifierTest, AnEpochGoesOnWhereItBranchedOff) {
  add(1, 10, 0);
  add_epoch(kNextEpoch, 10);
  add(11, 20, 10, ">", kNextEpoch);
  EXPECT_THAT(verify().kinds, IsEmpty());
}

TEST_F(VerifierTest, OverlapsAreHarmlessUnlessTheyDiffer) {
  add(1, 20, 0);
  add(15, 25, 14);
  EXPECT_THAT(verify().kinds, ElementsAre("overlap"));
  add(18, 22, 14, ">", kEpoch, "another");
  const Outcome outcome = verify();
  EXPECT_THAT(outcome.kinds, ElementsAre("overlap", "different", "different"));
  EXPECT_THAT(outcome.findings[1].detail, HasSubstr("message 18"));
}

TEST_F(VerifierTest, ForeignObjectsAndDocumentsAreTold) {
  add(1, 10, 0);
  for (const char* key : {"pre/S/notes.txt", "pre/S/20261124T010000.000000000Z/%3E/0001.zst",
                          "pre/S/20261124T010000.000000000Z/deep/er/x"}) {
    ASSERT_TRUE(store_->put(key, "x"));
  }
  EXPECT_THAT(verify().kinds, ElementsAre("foreign", "foreign", "foreign"));
  ASSERT_TRUE(store_->put(archive::watermark_key(catalog_->location(), kEpoch, ">"), "{"));
  EXPECT_THAT(verify().kinds, ElementsAre("foreign", "damaged", "foreign", "foreign"));
  ASSERT_TRUE(store_->remove(archive::description_key(catalog_->location(), kEpoch)));
  EXPECT_THAT(verify().kinds, testing::Contains("missing"));
}

TEST_F(VerifierTest, AnIndexIsNotForeignInItsPlace) {
  add(1, 10, 0);
  ASSERT_TRUE(store_->put(archive::index_key(catalog_->location(), kEpoch, ">"), "hint"));
  EXPECT_THAT(verify().kinds, IsEmpty());
  ASSERT_TRUE(store_->put("pre/S/index.bin", "not here"));
  EXPECT_THAT(verify().kinds, ElementsAre("foreign"));
}

// Its two copies have a hash each.
TEST_F(VerifierTest, TheHeaderIsBelievedFromWhereItIsWhole) {
  add(1, 10, 0);
  const std::string key = add(15, 20, 10);
  std::string bytes = *store_->get(key);
  bytes[20] ^= 1;
  ASSERT_TRUE(store_->put(key, bytes));
  EXPECT_TRUE(verify().lost.back()->previous_is_known);
  ASSERT_TRUE(store_->put(key, ""));
  EXPECT_FALSE(verify().lost.back()->previous_is_known);
  EXPECT_EQ(verify().lost.back()->previous, 10);
}

TEST_F(VerifierTest, OldChunksAreVerifiedToo) {
  const archive::testing::V1TestMessages messages{
      {.subject = "s.a", .payload = "old", .headers = {}, .timestamp = "2026-01-01T00:00:01.000Z"}};
  const auto codec = archive::V1Codec::kBinary;
  const std::string key = "pre/S/s.>/" + archive::testing::v1_name(codec, messages);
  const std::string good = archive::testing::encode_v1(codec, messages);
  ASSERT_TRUE(store_->put(key, good));
  EXPECT_THAT(verify().kinds, IsEmpty());
  EXPECT_EQ(verify().messages, 1);
  std::string bad = good;
  bad[good.find("old")] = 'O';
  ASSERT_TRUE(store_->put(key, bad));
  EXPECT_THAT(verify().kinds, ElementsAre("damaged"));
}

class VerifierWindowTest : public VerifierTest {
 protected:
  // Message n is of second n.
  Outcome verify_seconds(std::optional<int> from, std::optional<int> to,
                         VerifyPosition position = {}) {
    const auto time = [](std::optional<int> second) {
      return second ? std::optional(Timestamp{std::chrono::seconds{*second}}) : std::nullopt;
    };
    return verify(std::move(position), {.from = time(from), .to = time(to)});
  }
};

TEST_F(VerifierWindowTest, OnlyChunksOfItAreRead) {
  const std::string first = add(1, 10, 0);
  add(11, 20, 10);
  const std::string last = add(21, 30, 20);
  ASSERT_TRUE(store_->put(first, "rotten"));
  ASSERT_TRUE(store_->put(last, "rotten"));
  const Outcome outcome = verify_seconds(11, 20);
  EXPECT_THAT(outcome.kinds, IsEmpty());
  EXPECT_EQ(outcome.chunks, 1);
  EXPECT_EQ(outcome.messages, 10);

  EXPECT_EQ(verify_seconds(10, 20).findings.at(0).key, first);
  EXPECT_EQ(verify_seconds(11, 21).findings.at(0).key, last);
  EXPECT_EQ(verify_seconds({}, 20).chunks, 2);
  EXPECT_EQ(verify_seconds(11, {}).chunks, 2);
  EXPECT_EQ(verify_seconds(31, 40).chunks, 0);
}

// That those which aren't read are there is known from their keys.
TEST_F(VerifierWindowTest, WhatIsMissingBeforeItsFirstChunkIsNoticed) {
  add(1, 10, 0);
  const std::string gone = add(11, 20, 10);
  add(21, 30, 20);
  EXPECT_THAT(verify_seconds(21, 30).kinds, IsEmpty());
  ASSERT_TRUE(store_->remove(gone));
  const Outcome outcome = verify_seconds(21, 30);
  ASSERT_THAT(outcome.kinds, ElementsAre("missing"));
  EXPECT_EQ(outcome.lost[0]->previous, 10);
  EXPECT_EQ(outcome.lost[0]->last, 20);
  EXPECT_THAT(verify_seconds(1, 10).kinds, IsEmpty());
}

// To compare them both would have to be read.
TEST_F(VerifierWindowTest, ItsChunksAreComparedWithEachOtherOnly) {
  add(1, 10, 0);
  add(8, 20, 7, ">", kEpoch, "another");
  EXPECT_THAT(verify_seconds(10, 20).kinds, ElementsAre("different"));
  const Outcome outcome = verify_seconds(11, 20);
  EXPECT_THAT(outcome.kinds, IsEmpty());
  EXPECT_EQ(outcome.messages, 13);
}

TEST_F(VerifierWindowTest, IsTheSameFromAnyPositionAndHasNoStepForEachChunkOutside) {
  constexpr int kOutside = 2'500;
  for (std::uint64_t i = 1; i <= kOutside; ++i) {
    add(i, i, i - 1);
  }
  add(kOutside + 1, kOutside + 10, kOutside);
  const Outcome all = verify_seconds(kOutside + 1, {});
  EXPECT_EQ(all.messages, 10);
  EXPECT_LE(all.positions.size(), 5);
  for (const VerifyPosition& position : all.positions) {
    EXPECT_THAT(verify_seconds(kOutside + 1, {}, position).kinds, IsEmpty());
  }
}

TEST_F(VerifierWindowTest, TroubleOfTheStoreIsNoDamageInIt) {
  add(1, 10, 0);
  add(11, 20, 10);
  add(21, 30, 20);
  faults_ = object::random_faults(7, 0.4, 0);
  for (int i = 0; i < 20; ++i) {
    const Outcome outcome = verify_seconds(21, {});
    EXPECT_THAT(outcome.kinds, IsEmpty());
    EXPECT_EQ(outcome.messages, 10);
  }
}

TEST_F(VerifierWindowTest, OldChunksCountByTheSecondInWhichTheyBegin) {
  const auto codec = archive::V1Codec::kBinary;
  const archive::testing::V1TestMessages messages{
      {.subject = "s.a", .payload = "old", .headers = {}, .timestamp = "1970-01-01T00:01:00.500Z"}};
  const std::string key = "pre/S/s.>/" + archive::testing::v1_name(codec, messages);
  ASSERT_TRUE(store_->put(key, archive::testing::encode_v1(codec, messages)));
  EXPECT_EQ(verify_seconds(60, 60).messages, 1);
  EXPECT_EQ(verify_seconds(62, {}).messages, 0);
  EXPECT_EQ(verify_seconds({}, 59).messages, 0);
}

// Whatever object it stopped at, what is told before and after together is what is told at once.
TEST_F(VerifierTest, GoesOnFromAnyPosition) {
  add(1, 20, 0);
  add(15, 25, 14);
  const std::string gone = add(26, 30, 25);
  add(31, 40, 30);
  add(45, 50, 40);
  add(1, 5, 0, "s.*");
  ASSERT_TRUE(store_->remove(gone));
  const Outcome all = verify();
  ASSERT_THAT(all.kinds, ElementsAre("overlap", "missing", "gap"));
  for (std::size_t i = 0; i < all.positions.size(); ++i) {
    const Outcome rest = verify(all.positions[i]);
    EXPECT_TRUE(
        std::ranges::equal(rest.findings, std::span(all.findings).last(rest.findings.size())));
    EXPECT_EQ(rest.positions.size(), all.positions.size() - i - 1);
    if (i + 1 < all.positions.size()) {
      EXPECT_EQ(rest.positions.back(), all.positions.back());
    }
  }
  EXPECT_EQ(verify(all.positions[0]).findings.size(), 3);  // the overlap lies across the seam
}

TEST_F(VerifierTest, TroubleOfTheStoreIsNoDamage) {
  add(1, 10, 0);
  add(5, 20, 4);
  add(21, 30, 20);
  ASSERT_TRUE(store_->remove(archive::description_key(catalog_->location(), kEpoch)));
  const Outcome calm = verify();
  EXPECT_THAT(calm.kinds, testing::Contains("missing"));
  faults_ = object::random_faults(7, 0.4, 0);
  for (int i = 0; i < 20; ++i) {
    const Outcome troubled = verify();
    EXPECT_EQ(troubled.findings, calm.findings);
    EXPECT_EQ(troubled.messages, calm.messages);
  }
}

}  // namespace
}  // namespace nats3::catalog
