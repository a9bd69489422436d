// V1Archive: version-1 chunks in memory, and what is read of them.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "archive/chunk_writer.h"
#include "archive/v1_testing.h"
#include "catalog/replay_reader.h"
#include "object/memory/memory_store.h"

namespace nats3::catalog {

using archive::V1Codec;
using archive::testing::V1TestMessage;
using archive::testing::V1TestMessages;

inline constexpr std::int64_t kSecond = 1'000'000'000;
inline constexpr std::int64_t kStart = 1'795'464'796 * kSecond;
inline constexpr auto kEpoch = "20261124T010000.000000000Z";

inline Timestamp at(std::int64_t offset) {
  return Timestamp{std::chrono::nanoseconds{kStart + offset}};
}

// A message whose payload tells it from all others.
inline V1TestMessage message(const std::string& subject, std::int64_t offset,
                             const std::string& payload) {
  return {.subject = subject,
          .payload = payload,
          .headers = {},
          .timestamp = format_time(at(offset)),
          .length = 1};
}

// A bucket with chunks of stream "S", and what a test needs to read it.
class V1Archive {
 public:
  explicit V1Archive(const std::string& prefix = "pre") : prefix_(prefix) {
    store_ = *object::make_memory_provider()->open("bucket", object::IfMissing::kCreate);
    catalog_ = *Catalog::open(store_, prefix, "S");
  }

  std::string path(const std::string& subject) const {
    return (prefix_.empty() ? "S/" : prefix_ + "/S/") + subject + "/";
  }

  std::string add(const std::string& folder, const V1TestMessages& messages,
                  V1Codec codec = V1Codec::kBinary) {
    const std::string key = path(folder) + archive::testing::v1_name(codec, messages);
    EXPECT_TRUE(store_->put(key, archive::testing::encode_v1(codec, messages)));
    return key;
  }

  // A chunk of the archive proper.
  void add_new(const std::string& payload) {
    EXPECT_TRUE(catalog_->put_epoch({.stream = "S", .name = kEpoch, .config = Json::object()}));
    archive::ChunkWriter writer({.stream = "S", .epoch = kEpoch, .filter = "s.>"});
    EXPECT_TRUE(writer.add({.sequence = 1, .time = at(0), .subject = "s.a", .payload = payload}));
    auto chunk = writer.finish();
    const std::string key =
        archive::chunk_key(catalog_->location(), kEpoch, "s.>",
                           archive::chunk_name(chunk->summary, archive::Encoding::kBinary));
    EXPECT_TRUE(store_->put(key, chunk->bytes));
  }

  struct Outcome {
    std::vector<std::string> payloads;
    std::vector<std::string> ids;     // place and sequence
    std::vector<Position> positions;  // just after each message
    std::vector<FinishedChunk> finished;
    std::uint64_t skipped = 0;
    std::uint64_t read_bytes = 0;
    Position end;
    Error error;
  };

  template <typename Reader = ReplayReader, typename... Options>
  Outcome read(const Selection& selection = {.subject = "s.>"},
               OnDamage on_damage = OnDamage::kFail, Options... options) const {
    Reader reader(*catalog_, selection, on_damage, options...);
    Outcome outcome;
    while (true) {
      auto batch = reader.next();
      if (!batch) {
        outcome.error = batch.error();
        return outcome;
      }
      if (!*batch) {
        return outcome;
      }
      for (const auto& read : (*batch)->messages) {
        outcome.payloads.emplace_back(read.payload);
        outcome.ids.push_back(fmt::format("{}:{}", (*batch)->epoch, read.sequence));
        outcome.positions.push_back({.epoch = (*batch)->epoch, .sequence = read.sequence});
      }
      outcome.finished.insert(outcome.finished.end(), (*batch)->finished.begin(),
                              (*batch)->finished.end());
      outcome.skipped += (*batch)->skipped_chunks;
      outcome.read_bytes += (*batch)->read_bytes;
      outcome.end = (*batch)->position;
    }
  }

  object::ObjectStore& store() { return *store_; }
  const Catalog& catalog() const { return *catalog_; }

 private:
  const std::string prefix_;
  std::shared_ptr<object::ObjectStore> store_;
  std::shared_ptr<Catalog> catalog_;
};

}  // namespace nats3::catalog
