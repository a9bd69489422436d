// VerifierTest: the archive of a stream "S" in memory, and what a Verifier says of it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "archive/chunk_reader.h"
#include "archive/chunk_writer.h"
#include "catalog/verifier.h"
#include "object/faulty.h"
#include "object/memory/memory_store.h"

namespace nats3::catalog {

inline constexpr auto kEpoch = "20261124T010000.000000000Z";
inline constexpr auto kNextEpoch = "20261125T010000.000000000Z";

inline archive::Watermark deleted(archive::SequenceRange range) {
  archive::Watermark watermark{.last_sequence = range.last, .last_time = {}};
  watermark.deleted.add(range);
  return watermark;
}

class VerifierTest : public ::testing::Test {
 protected:
  VerifierTest() {
    memory_ = *object::make_memory_provider()->open("bucket", object::IfMissing::kCreate);
    store_ =
        object::make_faulty(memory_, [this](const object::Call& call) { return faults_(call); });
    catalog_ = *Catalog::open(store_, "pre", "S");
    add_epoch(kEpoch);
  }

  void add_epoch(const std::string& name, std::uint64_t shared = 0) {
    archive::EpochDescription epoch{.stream = "S", .name = name, .config = Json::object()};
    if (shared > 0) {
      epoch.parent = kEpoch;
      epoch.parent_last_sequences = {{archive::filter_component(">"), shared}};
    }
    ASSERT_TRUE(catalog_->put_epoch(epoch));
  }

  std::string key_of(const archive::ChunkSummary& summary, const std::string& filter,
                     const std::string& epoch) const {
    return archive::chunk_key(catalog_->location(), epoch, filter,
                              archive::chunk_name(summary, archive::Encoding::kBinary));
  }

  // A chunk with the sequences `first` to `last`.
  std::string add(std::uint64_t first, std::uint64_t last, std::uint64_t previous,
                  const std::string& filter = ">", const std::string& epoch = kEpoch,
                  const std::string& payload = "payload") {
    archive::ChunkWriter writer(
        {.stream = "S", .epoch = epoch, .filter = filter, .previous = previous, .frame_bytes = 64});
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      EXPECT_TRUE(writer.add({.sequence = sequence,
                              .time = Timestamp{std::chrono::seconds{sequence}},
                              .subject = "s.a",
                              .payload = payload}));
    }
    const auto chunk = *writer.finish();
    const std::string key = key_of(chunk.summary, filter, epoch);
    EXPECT_TRUE(store_->put(key, chunk.bytes));
    return key;
  }

  // Seals a chunk anew around what `change` makes of its index.
  void lie(const std::string& key, const std::function<void(archive::ChunkIndex&)>& change) {
    const std::string bytes = *store_->get(key);
    archive::ChunkIndex index = *archive::ChunkIndex::parse(bytes, bytes.size());
    const std::uint64_t end = index.frames.back().offset + index.frames.back().compressed_bytes;
    change(index);
    ASSERT_TRUE(store_->put(key, bytes.substr(0, end) + archive::make_index(index, end)));
  }

  struct Outcome {
    std::vector<Finding> findings;
    std::vector<std::optional<Lost>> lost;
    std::vector<std::string> kinds;
    std::uint64_t chunks = 0;
    std::uint64_t messages = 0;
    std::uint64_t gaps = 0;
    std::uint64_t read_bytes = 0;
    std::vector<VerifyPosition> positions;
  };

  Outcome verify(VerifyPosition from = {}, VerifyWindow window = {}) {
    Verifier verifier(*catalog_, std::move(from), window);
    Outcome outcome;
    while (true) {
      auto step = verifier.next();
      if (!step) {
        continue;  // as a job does, after a while
      }
      if (!*step) {
        return outcome;
      }
      for (auto& seen : (*step)->seen) {
        outcome.kinds.emplace_back(to_string(seen.finding.kind));
        outcome.findings.push_back(seen.finding);
        outcome.lost.push_back(seen.lost);
      }
      outcome.chunks += (*step)->chunks;
      outcome.messages += (*step)->messages;
      outcome.gaps += (*step)->gaps;
      outcome.read_bytes += (*step)->read_bytes;
      outcome.positions.push_back((*step)->position);
    }
  }

  object::FaultPlan faults_ = [](const object::Call&) { return object::Fault{}; };
  std::shared_ptr<object::ObjectStore> memory_;  // without faults
  std::shared_ptr<object::ObjectStore> store_;
  std::shared_ptr<Catalog> catalog_;
};

}  // namespace nats3::catalog
