#include "jobs/archive_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/archive_testing.h"
#include "archive/key.h"
#include "archive/v1_testing.h"
#include "object/memory/memory_store.h"

namespace nats3::jobs {
namespace {

using archive::testing::TestMessage;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Optional;

constexpr auto kEpoch = "20261124T010000.000000000Z";
constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kStart = 1'800'000'000 * kSecond;  // 2027-01-15T08:00:00Z
constexpr std::uint64_t kAll = UINT64_MAX;

// A clock of which each look takes a second.
class SlowClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override { return {}; }
  [[nodiscard]] MonotonicTime monotonic() const override {
    return MonotonicTime{std::chrono::seconds{++looks_}};
  }

 private:
  mutable std::int64_t looks_ = 0;
};

class ArchiveLinesTest : public ::testing::Test {
 protected:
  std::string add_chunk(const std::vector<TestMessage>& messages, const std::string& filter = "s.>",
                        std::uint64_t previous = 0) {
    EXPECT_TRUE(catalog_->put_epoch({.stream = "S", .name = kEpoch, .config = Json::object()}));
    archive::ChunkWriter writer(
        {.stream = "S", .epoch = kEpoch, .filter = filter, .previous = previous});
    for (const TestMessage& message : messages) {
      EXPECT_TRUE(message.view([&](const archive::Message& view) { return writer.add(view); }));
    }
    auto chunk = writer.finish();
    const std::string key =
        archive::chunk_key(catalog_->location(), kEpoch, filter,
                           archive::chunk_name(chunk->summary, archive::Encoding::kBinary));
    EXPECT_TRUE(store_->put(key, chunk->bytes));
    return key;
  }
  [[nodiscard]] ArchiveLines lines(const catalog::Selection& selection = {},
                                   std::uint64_t limit = kAll) const {
    return {catalog_, selection, limit};
  }
  // All lines; how it ended, when that wasn't well, behind them.
  [[nodiscard]] std::string text(const catalog::Selection& selection = {},
                                 std::uint64_t limit = kAll) const {
    ArchiveLines source = lines(selection, limit);
    std::string all;
    while (true) {
      const auto some = source.next();
      if (!some) {
        return all + some.error().message;
      }
      if (!*some) {
        return all;
      }
      all += **some;
    }
  }

  std::shared_ptr<object::ObjectStore> store_ =
      *object::make_memory_provider()->open("bucket", object::IfMissing::kCreate);
  std::shared_ptr<catalog::Catalog> catalog_ = *catalog::Catalog::open(store_, "pre", "S");
};

TEST_F(ArchiveLinesTest, EachMessageIsALine) {
  add_chunk({{3, kStart + 1, "s.a", "text \"quoted\"\n", {{"A", "1"}, {"A", "2"}, {"B", ""}}},
             {5, kStart + kSecond, "s.b", std::string("\xff\x00", 2)}});
  EXPECT_EQ(
      text(),
      R"({"epoch":"20261124T010000.000000000Z","seq":3,"time":"2027-01-15T08:00:00.000000001Z",)"
      R"("subject":"s.a","headers":{"A":["1","2"],"B":[""]},"data":"text \"quoted\"\n"})"
      "\n"
      R"({"epoch":"20261124T010000.000000000Z","seq":5,"time":"2027-01-15T08:00:01.000000000Z",)"
      R"("subject":"s.b","data_base64":"/wA="})"
      "\n");
}

TEST_F(ArchiveLinesTest, OldChunksComeFirstAndTellWhenTheyWereArchived) {
  const archive::testing::V1TestMessages old{{.subject = "s.a",
                                              .payload = "old",
                                              .headers = {},
                                              .timestamp = "2024-01-01T00:00:00.5Z",
                                              .length = 1}};
  const auto codec = archive::V1Codec::kBinary;
  ASSERT_TRUE(store_->put("pre/S/s.>/" + archive::testing::v1_name(codec, old),
                          archive::testing::encode_v1(codec, old)));
  add_chunk({{1, kStart, "s.a", "new"}});
  EXPECT_EQ(
      text(),
      R"({"archived":"2024-01-01T00:00:00.500000000Z","subject":"s.a","data":"old"})"
      "\n"
      R"({"epoch":"20261124T010000.000000000Z","seq":1,"time":"2027-01-15T08:00:00.000000000Z",)"
      R"("subject":"s.a","data":"new"})"
      "\n");
}

TEST_F(ArchiveLinesTest, OverlappingChunksGiveEachMessageOnceAndInOrder) {
  add_chunk({{1, kStart, "s.a", "1"}, {2, kStart, "s.b", "2"}});
  add_chunk({{2, kStart, "s.b", "2"}, {4, kStart, "s.b", "4"}}, "s.b");
  add_chunk({{3, kStart, "s.a", "3"}}, "s.>", 2);
  const std::string all = text();
  std::size_t at = 0;
  for (const char* data : {R"("data":"1")", R"("data":"2")", R"("data":"3")", R"("data":"4")"}) {
    const std::size_t found = all.find(data, at);
    ASSERT_NE(found, all.npos) << data << " in " << all;
    at = found + 1;
  }
  EXPECT_EQ(std::ranges::count(all, '\n'), 4);
}

TEST_F(ArchiveLinesTest, OnlyWhatIsSelectedUpToTheLimit) {
  std::vector<TestMessage> messages;
  for (std::uint64_t i = 1; i <= 100; ++i) {
    messages.emplace_back(i, kStart + static_cast<std::int64_t>(i) * kSecond,
                          i % 2 == 0 ? "s.even" : "s.odd", "x");
  }
  add_chunk(messages);
  const auto at = [](std::int64_t second) {
    return Timestamp{std::chrono::nanoseconds{kStart + second * kSecond}};
  };
  const std::string some = text({.subject = "s.even", .from_time = at(11), .to_time = at(90)}, 3);
  EXPECT_EQ(std::ranges::count(some, '\n'), 3);
  for (const char* sequence : {R"("seq":12,)", R"("seq":14,)", R"("seq":16,)"}) {
    EXPECT_THAT(some, HasSubstr(sequence));
  }
  EXPECT_EQ(std::ranges::count(text({.from_time = at(91)}), '\n'), 10);
  EXPECT_EQ(text({.subject = "other"}), "");
}

TEST_F(ArchiveLinesTest, DamageIsAnErrorBehindWhatCouldBeRead) {
  add_chunk({{1, kStart, "s.a", "good"}});
  const std::string key = add_chunk({{2, kStart, "s.a", "bad"}}, "s.>", 1);
  std::string bytes = *store_->get(key, {});
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  ASSERT_TRUE(store_->put(key, bytes));
  EXPECT_THAT(text(), MatchesRegex(".*\"data\":\"good\"}\n[^{]*" + key + ".*"));
}

TEST_F(ArchiveLinesTest, ALongSearchSaysThatItGoesOn) {
  for (std::uint64_t i = 0; i < 12; ++i) {  // each a batch of its own
    add_chunk({{2 * i + 1, kStart, "s.a", std::string(1 << 20, 'x')},
               {2 * i + 2, kStart + kSecond, "s.b", ""}},
              "s.>", 2 * i);
  }
  // What is of the subject isn't of the time, which only the messages themselves tell.
  const SlowClock clock;
  ArchiveLines source(catalog_,
                      {.subject = "*.b", .to_time = Timestamp{std::chrono::nanoseconds{kStart}}},
                      kAll, clock);
  EXPECT_THAT(source.next().value(), Optional(std::string()));
  std::size_t empty = 1;
  for (auto some = source.next(); *some; some = source.next()) {
    EXPECT_THAT(*some, Optional(std::string()));
    ++empty;
  }
  EXPECT_LT(empty, 12U);
}

}  // namespace
}  // namespace nats3::jobs
