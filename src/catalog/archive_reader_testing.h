// For tests only: the archive of a stream in memory, and what reading it comes to.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "archive/chunk_writer.h"
#include "catalog/archive_reader.h"
#include "object/memory/memory_store.h"

namespace nats3::catalog {

inline constexpr auto kEpoch = "20261124T010000.000000000Z";
inline constexpr auto kNextEpoch = "20261125T010000.000000000Z";

inline Timestamp time_of(std::uint64_t sequence) {
  return Timestamp{std::chrono::seconds{1'800'000'000 + sequence}};
}

// The archive of a stream "S" in memory, and what a test needs to fill and to break it.
class Archive {
 public:
  Archive() {
    store_ = *object::make_memory_provider()->open("bucket", object::IfMissing::kCreate);
    catalog_ = in(store_);
  }

  void add_epoch(const std::string& name, std::uint64_t shared = 0) {
    archive::EpochDescription epoch{.stream = "S", .name = name, .config = Json::object()};
    if (shared > 0) {
      epoch.parent = kEpoch;
      epoch.parent_last_sequences = {{archive::filter_component("s.>"), shared}};
    }
    ASSERT_TRUE(catalog_->put_epoch(epoch));
  }

  // That of a message: one of `subjects`.
  [[nodiscard]] std::string subject_of(std::uint64_t sequence) const {
    return fmt::format("s.{}", sequence % subjects);
  }

  // A chunk with these sequences, whose messages have the subject that `subject_of` gives.
  std::string add_chunk(const std::vector<std::uint64_t>& sequences, std::uint64_t previous = 0,
                        const std::string& filter = "s.>", const std::string& epoch = kEpoch,
                        const std::string& payload = "payload") {
    archive::ChunkWriter writer(
        {.stream = "S", .epoch = epoch, .filter = filter, .previous = previous, .frame_bytes = 64});
    for (const std::uint64_t sequence : sequences) {
      const std::string subject = subject_of(sequence);
      const std::string body = fmt::format("{} {}", payload, sequence);
      EXPECT_TRUE(writer.add(
          {.sequence = sequence, .time = time_of(sequence), .subject = subject, .payload = body}));
    }
    auto chunk = writer.finish();
    EXPECT_TRUE(chunk);
    const std::string key =
        archive::chunk_key(catalog_->location(), epoch, filter,
                           archive::chunk_name(chunk->summary, archive::Encoding::kBinary));
    EXPECT_TRUE(store_->put(key, chunk->bytes));
    return key;
  }

  std::string add_range(std::uint64_t first, std::uint64_t last, std::uint64_t previous = 0) {
    std::vector<std::uint64_t> sequences;
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      sequences.push_back(sequence);
    }
    return add_chunk(sequences, previous);
  }

  struct Outcome {
    std::vector<std::uint64_t> sequences;
    std::vector<std::string> finished;
    std::uint64_t read_bytes = 0;
    std::uint64_t skipped = 0;
    std::string error;
  };

  // Looks at the messages only after the reader has gone on.
  Outcome read(Selection selection = {}, OnDamage on_damage = OnDamage::kFail,
               Position* position = nullptr) const {
    ArchiveReader reader(*catalog_, std::move(selection), on_damage);
    Outcome outcome;
    Result<std::optional<ReadBatch>> upcoming = reader.next();
    while (true) {
      auto batch = std::exchange(upcoming, std::nullopt);
      if (batch && *batch) {
        upcoming = reader.next();
      }
      if (!batch) {
        outcome.error = batch.error().message;
        return outcome;
      }
      if (!*batch) {
        return outcome;
      }
      for (const auto& message : (*batch)->messages) {
        EXPECT_EQ(message.time, time_of(message.sequence));
        EXPECT_EQ(message.subject, subject_of(message.sequence));
        EXPECT_TRUE(message.payload.ends_with(fmt::format(" {}", message.sequence)));
        outcome.sequences.push_back(message.sequence);
      }
      for (const auto& finished : (*batch)->finished) {
        outcome.finished.push_back(finished.chunk.key);
      }
      outcome.read_bytes += (*batch)->read_bytes;
      if (position != nullptr) {
        *position = (*batch)->position;
      }
      outcome.skipped += (*batch)->skipped_chunks;
    }
  }

  // The same archive in `store`, which is this one's or a wrapper of it.
  [[nodiscard]] static std::shared_ptr<Catalog> in(std::shared_ptr<object::ObjectStore> store) {
    return *Catalog::open(std::move(store), "pre", "S");
  }

  object::ObjectStore& store() { return *store_; }
  [[nodiscard]] const std::shared_ptr<object::ObjectStore>& shared_store() const { return store_; }
  const Catalog& catalog() const { return *catalog_; }

  std::uint64_t subjects = 3;

 private:
  std::shared_ptr<object::ObjectStore> store_;
  std::shared_ptr<Catalog> catalog_;
};

}  // namespace nats3::catalog
