// What an ArchiveReader does when a chunk is damaged, or the store fails.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "catalog/archive_reader_testing.h"
#include "catalog/chunk_removal.h"
#include "object/faulty.h"

namespace nats3::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void damage(Archive& archive, const std::string& key) {
  std::string bytes = *archive.store().get(key);
  bytes[bytes.size() / 3] = static_cast<char>(bytes[bytes.size() / 3] ^ 1);
  ASSERT_TRUE(archive.store().put(key, bytes));
}

TEST(ArchiveReader, NamesADamagedChunk) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 3);
  const std::string key = archive.add_range(4, 6, 3);
  damage(archive, key);
  const auto failed = archive.read();
  EXPECT_THAT(failed.error, HasSubstr(key));
  EXPECT_THAT(failed.sequences, ElementsAre(1, 2, 3, 4, 5)) << "what comes before the damage";
  EXPECT_EQ(failed.finished.size(), 1);
  const auto skipped = archive.read({}, OnDamage::kSkip);
  EXPECT_THAT(skipped.sequences, ElementsAre(1, 2, 3, 4, 5)) << "what comes before the damage";
  EXPECT_EQ(skipped.skipped, 1);
}

// It said that nothing was skipped. Who reads on after it doesn't count it again.
TEST(ArchiveReader, CountsADamagedChunkAtTheEndOnce) {
  for (const bool alone : {true, false}) {
    for (const bool index : {true, false}) {  // or a frame
      Archive archive;
      archive.add_epoch(kEpoch);
      if (!alone) {
        archive.add_range(1, 3);
      }
      const std::string key = archive.add_range(4, 6, alone ? 0 : 3);
      if (index) {
        ASSERT_TRUE(archive.store().put(key, "no chunk"));
      } else {
        damage(archive, key);
      }
      Position position;
      EXPECT_EQ(archive.read({}, OnDamage::kSkip, &position).skipped, 1U);
      EXPECT_EQ(archive.read({.after = position}, OnDamage::kSkip).skipped, 0U);
      archive.add_range(7, 9, 6);
      EXPECT_THAT(archive.read({.after = position}, OnDamage::kSkip).sequences,
                  ElementsAre(7, 8, 9));
    }
  }
}

// As an object in an archive class of S3, or all of them with keys that have expired.
TEST(ArchiveReader, WhatMayNotBeReadIsNotDamage) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 3);
  for (const ErrorCode code : {ErrorCode::kDenied, ErrorCode::kCancelled, ErrorCode::kInternal}) {
    const auto catalog =
        Archive::in(object::make_faulty(archive.shared_store(), [&](const object::Call& call) {
          const bool fails = call.key.ends_with(".zst");
          return object::Fault{.error =
                                   fails ? std::optional(Error{code, "may not"}) : std::nullopt};
        }));
    ArchiveReader reader(*catalog, {}, OnDamage::kSkip);
    const auto batch = reader.next();
    ASSERT_FALSE(batch);
    EXPECT_EQ(batch.error().code, code);
    EXPECT_THAT(batch.error().message, HasSubstr("messages 1 to 3"));
  }
}

TEST(ArchiveReader, NamesAChunkThatWasCutAtAFrameBoundary) {
  Archive archive;
  archive.add_epoch(kEpoch);
  const std::string key = archive.add_range(1, 100);
  const std::string bytes = *archive.store().get(key);
  ASSERT_TRUE(archive.store().put(key, std::string_view(bytes).substr(0, bytes.size() / 2)));
  EXPECT_THAT(archive.read().error, HasSubstr(key));
}

TEST(ArchiveReader, NoticesThatAChunkBetweenTwoIsMissing) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 3);
  const std::string lost = archive.add_range(4, 6, 3);
  archive.add_range(7, 9, 6);
  EXPECT_THAT(archive.read().sequences, ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
  ASSERT_TRUE(archive.store().remove(lost));
  EXPECT_THAT(archive.read().error, HasSubstr("after 3 up to 6"));
}

// Skipping damage must not skip it.
TEST(ArchiveReader, AnArchiveThatIsGoneWhileItIsReadHasNoChunkMissing) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 99);
  const std::string second = archive.add_range(100, 199, 99);
  bool unmounted = false;
  const auto store = object::make_faulty(archive.shared_store(), [&](const object::Call& call) {
    unmounted = unmounted || call.key == second;
    return object::Fault{.error = unmounted
                                      ? std::optional(Error{ErrorCode::kNotFound, "no such file"})
                                      : std::nullopt};
  });
  const auto catalog = Archive::in(store);
  ArchiveReader reader(*catalog, {}, OnDamage::kSkip);
  auto batch = reader.next();
  std::size_t messages = 0;
  for (; batch && *batch; batch = reader.next()) {
    EXPECT_EQ((*batch)->skipped_chunks, 0U);
    messages += (*batch)->messages.size();
  }
  EXPECT_EQ(messages, 99U);
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(batch.error().message, HasSubstr("is the bucket's disk mounted"));
}

TEST(ArchiveReader, TakesAChunkDeletedUnderAWatermarkForReplayed) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 3);
  archive.add_range(4, 6, 3);
  auto chunks = archive.catalog().last_chunks(kEpoch, "s.>", 0);
  ASSERT_EQ(chunks->size(), 2);
  std::vector<FinishedChunk> replayed{{.epoch = kEpoch, .chunk = chunks->front()}};
  ASSERT_TRUE(remove_chunks(archive.catalog(), replayed));
  EXPECT_THAT(archive.read().sequences, ElementsAre(4, 5, 6));
}

TEST(ArchiveReader, RefusesAChunkUnderAnotherChunksKey) {
  Archive archive;
  archive.add_epoch(kEpoch);
  const std::string key = archive.add_range(1, 3);
  const std::string bytes = *archive.store().get(key);
  const std::string other = archive.add_range(11, 13);
  ASSERT_TRUE(archive.store().put(other, bytes));
  EXPECT_THAT(archive.read().error, HasSubstr(other));
}

TEST(ArchiveReader, RefusesTwoMessagesUnderOneSequence) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_chunk({1, 2, 3});
  archive.add_chunk({3, 4}, 2, "s.>", kEpoch, "something else");
  EXPECT_THAT(archive.read().error, HasSubstr("different messages under sequence 3"));
}

// The third copy may be what tells which of the two is right: it isn't done with.
TEST(ArchiveReader, AChunkWhoseLastMessageIsInDoubtIsNotFinished) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_chunk({1, 2, 3, 4, 5, 6, 7, 8, 9});
  archive.add_chunk({6, 9}, 0, "s.*", kEpoch, "something else");
  archive.add_chunk({6}, 0, "s.0");
  const auto outcome = archive.read();
  EXPECT_THAT(outcome.error, HasSubstr("different messages under sequence 6"));
  EXPECT_THAT(outcome.sequences, ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(outcome.finished, IsEmpty());
}

// A batch that ends in an error doesn't count a chunk that who goes on after it meets again.
TEST(ArchiveReader, ASkippedChunkIsCountedOnceWhenTheStoreFailsBehindIt) {
  Archive archive;
  archive.add_epoch(kEpoch);
  archive.add_range(1, 99);
  damage(archive, archive.add_range(100, 102, 99));
  const std::string last = archive.add_range(201, 300, 102);
  bool failed = false;
  const auto store = object::make_faulty(archive.shared_store(), [&](const object::Call& call) {
    const bool fails = call.key == last && !std::exchange(failed, true);
    return object::Fault{.error = fails ? std::optional(object::made_up_error()) : std::nullopt};
  });
  const auto catalog = Archive::in(store);
  Position position;
  std::size_t messages = 0;
  std::uint64_t skipped = 0;
  std::size_t errors = 0;
  for (bool more = true; more;) {
    ArchiveReader reader(*catalog, {.after = position}, OnDamage::kSkip);
    auto batch = reader.next();
    for (; batch && *batch; batch = reader.next()) {
      position = (*batch)->position;
      messages += (*batch)->messages.size();
      skipped += (*batch)->skipped_chunks;
    }
    more = !batch;
    errors += batch ? 0 : 1;
  }
  EXPECT_EQ(errors, 1U);
  EXPECT_EQ(messages, 99U + 2U + 100U);
  EXPECT_EQ(skipped, 1U);
}

// Whatever chunks there are and whenever the store fails: who goes on after each error reads every
// message once and in order, and no chunk is finished before its messages were read.
RC_GTEST_PROP(ArchiveReaderProperty, WhoGoesOnAfterEachErrorReadsTheSame, ()) {
  Archive archive;
  archive.add_epoch(kEpoch);
  std::map<std::string, std::set<std::uint64_t>> by_key;
  const auto chunks = *rc::gen::inRange(1, 8);
  for (int i = 0; i < chunks; ++i) {
    const auto picked = *rc::gen::nonEmpty(
        rc::gen::container<std::set<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(1, 60)));
    const std::string filter = *rc::gen::element<std::string>("s.>", "*.*", ">");
    by_key[archive.add_chunk({picked.begin(), picked.end()}, 0, filter)] = picked;
  }
  const auto store =
      object::make_faulty(archive.shared_store(),
                          object::random_faults(*rc::gen::arbitrary<std::uint32_t>(), 0.1, 0.0));
  const auto catalog = Archive::in(store);
  Position position;
  std::vector<std::uint64_t> read;
  for (bool more = true; more;) {
    ArchiveReader reader(*catalog, {.after = position}, OnDamage::kFail);
    auto batch = reader.next();
    for (; batch && *batch; batch = reader.next()) {
      position = (*batch)->position;
      for (const archive::Message& message : (*batch)->messages) {
        read.push_back(message.sequence);
      }
      for (const FinishedChunk& finished : (*batch)->finished) {
        for (const std::uint64_t sequence : by_key.at(finished.chunk.key)) {
          RC_ASSERT(std::ranges::binary_search(read, sequence));
        }
      }
    }
    RC_ASSERT((batch || batch.error().code == ErrorCode::kUnavailable));
    more = !batch;
  }
  std::set<std::uint64_t> expected;
  for (const auto& [key, sequences] : by_key) {
    expected.insert(sequences.begin(), sequences.end());
  }
  RC_ASSERT(read == std::vector<std::uint64_t>(expected.begin(), expected.end()));
}

}  // namespace
}  // namespace nats3::catalog
