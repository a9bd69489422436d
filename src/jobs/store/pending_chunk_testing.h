// What tests of both kinds of PendingChunk use.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "archive/chunk_reader.h"
#include "jobs/store/pending_chunk.h"
#include "jobs/store/store_chunk.h"

namespace nats3::jobs {

inline const ChunkSpec kChunkSpec{.stream = "S", .epoch = "e", .filter = ">"};

inline Timestamp at(std::int64_t seconds) { return Timestamp{std::chrono::seconds{seconds}}; }

inline std::shared_ptr<const nats::DeliveryBatch> make_batch(
    std::vector<nats::Delivery> deliveries) {
  return std::make_shared<const nats::DeliveryBatch>(std::move(deliveries), nullptr);
}

// A message of four bytes.
inline nats::Delivery make_delivery(std::uint64_t sequence, std::int64_t seconds,
                                    std::string_view ack = "") {
  return {.message = {.sequence = sequence, .time = at(seconds), .subject = "s", .payload = "abc"},
          .ack_subject = ack};
}

inline void add_all(PendingChunk& chunk, std::vector<nats::Delivery> deliveries) {
  const auto batch = make_batch(std::move(deliveries));
  for (std::size_t i = 0; i < batch->deliveries().size(); ++i) {
    chunk.add(batch, i);
  }
}

// Of the messages of an encoded chunk.
inline std::vector<std::uint64_t> sequences(const Result<archive::Chunk>& chunk) {
  std::vector<std::uint64_t> out;
  EXPECT_TRUE(chunk) << (chunk ? "" : chunk.error().message);
  if (!chunk) {
    return out;
  }
  const auto decoded = archive::decode_chunk(chunk->bytes);
  EXPECT_TRUE(decoded) << (decoded ? "" : decoded.error().message);
  if (!decoded) {
    return out;
  }
  for (const auto& frame : decoded->frames) {
    for (const auto& message : frame.messages()) {
      out.push_back(message.sequence);
    }
  }
  return out;
}

}  // namespace nats3::jobs
