// What a Verifier calls missing, and what not.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/verifier_testing.h"

namespace nats3::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(VerifierTest, AMissingChunkIsNamedByItsRange) {
  add(1, 10, 0);
  const std::string missing = add(11, 20, 10);
  const std::string after = add(21, 30, 20);
  ASSERT_TRUE(store_->remove(missing));
  const Outcome outcome = verify();
  ASSERT_THAT(outcome.kinds, ElementsAre("missing"));
  EXPECT_EQ(outcome.findings[0].key, after);
  EXPECT_THAT(outcome.findings[0].detail, HasSubstr("after 10 up to 20"));
  EXPECT_EQ(outcome.lost[0]->previous, 10);
  EXPECT_EQ(outcome.lost[0]->last, 20);
  EXPECT_EQ(outcome.lost[0]->successor->key, after);
  EXPECT_EQ(outcome.gaps, 0);
}

TEST_F(VerifierTest, AGapIsNotCalledALoss) {
  add(5, 10, 0);
  add(15, 20, 10);
  add(1, 2, 0, "s.*");
  add(9, 10, 2, "s.*");
  const Outcome outcome = verify();
  ASSERT_THAT(outcome.kinds, ElementsAre("gap", "gap"));
  EXPECT_THAT(outcome.findings[0].detail, HasSubstr("1 to 4: not archived, not known to be lost"));
  EXPECT_THAT(outcome.findings[1].detail, HasSubstr("11 to 14"));
  EXPECT_THAT(outcome.findings[1].cause, HasSubstr("expired"));
  EXPECT_EQ(outcome.gaps, 4 + 4 + 6);
  EXPECT_FALSE(is_damage(FindingKind::kGap));
}

TEST_F(VerifierTest, WhatWasDeletedAfterAReplayIsNeitherMissingNorLost) {
  add(11, 20, 10);
  ASSERT_TRUE(catalog_->raise_watermark(kEpoch, ">", deleted({1, 10})));
  const Outcome outcome = verify();
  ASSERT_THAT(outcome.kinds, ElementsAre("gap"));
  EXPECT_THAT(outcome.findings[0].cause, HasSubstr("watermark.json"));
}

TEST_F(VerifierTest, OnlyWhatWasDeletedAfterAReplayIsNotMissed) {
  add(1, 10, 0);
  const std::string lost = add(11, 20, 10);
  add(21, 30, 20);
  add(51, 60, 50);
  ASSERT_TRUE(catalog_->raise_watermark(kEpoch, ">", deleted({31, 50})));
  Outcome outcome = verify();
  ASSERT_THAT(outcome.kinds, ElementsAre("gap"));
  EXPECT_THAT(outcome.findings[0].detail, HasSubstr("messages 31 to 50"));
  EXPECT_EQ(outcome.gaps, 0);
  ASSERT_TRUE(store_->remove(lost));
  outcome = verify();
  ASSERT_THAT(outcome.kinds, ElementsAre("missing", "gap"));
  EXPECT_THAT(outcome.findings[0].detail, HasSubstr("after 10 up to 20"));
}

// Of what is gone only that is to be archived again which wasn't replayed.
TEST_F(VerifierTest, WhatIsMissingBeforeWhatWasDeletedEndsThere) {
  add(1, 10, 0);
  add(31, 40, 30);
  ASSERT_TRUE(catalog_->raise_watermark(kEpoch, ">", deleted({21, 30})));
  const Outcome outcome = verify();
  ASSERT_THAT(outcome.kinds, ElementsAre("missing"));
  EXPECT_EQ(outcome.lost[0]->previous, 10);
  EXPECT_EQ(outcome.lost[0]->last, 20);
}

// It was listed, and is gone when its turn comes.
TEST_F(VerifierTest, AListedChunkThatIsGoneIsMissingBelowAWatermarkToo) {
  add(1, 10, 0);
  const std::string lost = add(11, 20, 10);
  ASSERT_TRUE(catalog_->raise_watermark(kEpoch, ">", deleted({21, 30})));
  faults_ = [&](const object::Call& call) {
    if (call.operation == object::Operation::kGet && call.key == lost) {
      EXPECT_TRUE(memory_->remove(lost));
    }
    return object::Fault{};
  };
  EXPECT_THAT(verify().kinds, ElementsAre("missing"));
}

TEST_F(VerifierTest, WhatMayStillBeAcknowledgedIsSaid) {
  add(1, 10, 0);
  add(15, 20, 10);
  ASSERT_TRUE(catalog_->put_complete(kEpoch, ">", 10));
  const Outcome outcome = verify();
  ASSERT_THAT(outcome.kinds, ElementsAre("gap"));
  EXPECT_THAT(outcome.findings[0].cause, HasSubstr("may still be archived"));
}

TEST_F(VerifierTest, AChunkThatCameSinceThePageWasListedIsNotMissing) {
  add(1, 10, 0);
  const std::string late = add(11, 20, 10);
  const std::string after = add(21, 30, 20);
  const std::string bytes = *store_->get(late);
  ASSERT_TRUE(store_->remove(late));
  faults_ = [&, put = false](const object::Call& call) mutable {
    if (call.operation == object::Operation::kGet && call.key == after && !put) {
      put = true;
      EXPECT_TRUE(memory_->put(late, bytes));
    }
    return object::Fault{};
  };
  const Outcome outcome = verify();
  EXPECT_THAT(outcome.kinds, IsEmpty());
  EXPECT_EQ(outcome.messages, 30);
  EXPECT_EQ(outcome.chunks, 3);
}

TEST_F(VerifierTest, AChunkThatIsDeletedAfterAReplayMeanwhileIsNotMissing) {
  add(1, 10, 0);
  const std::string replayed = add(11, 20, 10);
  const std::string after = add(21, 30, 20);
  const std::string mark = archive::watermark_key(catalog_->location(), kEpoch, ">");
  ASSERT_TRUE(catalog_->raise_watermark(kEpoch, ">", deleted({11, 20})));
  const std::string raised = *store_->get(mark);
  ASSERT_TRUE(store_->remove(mark));
  ASSERT_TRUE(store_->remove(replayed));
  faults_ = [&](const object::Call& call) {
    if (call.operation == object::Operation::kGet && call.key == after) {
      EXPECT_TRUE(memory_->put(mark, raised));
    }
    return object::Fault{};
  };
  EXPECT_THAT(verify().kinds, testing::Not(testing::Contains("missing")));
}

}  // namespace
}  // namespace nats3::catalog
