// Reading the messages of chunks: frame by frame with an index, or a whole chunk at once.
// Every check that the format offers is made: what comes back as messages is what was archived.
// Pure functions: any thread.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "archive/chunk_index.h"
#include "archive/message.h"
#include "archive/records.h"
#include "base/error.h"

namespace nats3::archive {

// The messages of one frame and the memory they are views into. Moving it keeps them valid.
class DecodedFrame {
 public:
  DecodedFrame(std::unique_ptr<char[]> content, Records records)
      : content_(std::move(content)), records_(std::move(records)) {}
  [[nodiscard]] std::span<const Message> messages() const { return records_.messages; }

 private:
  std::unique_ptr<char[]> content_;
  Records records_;
};

// Decodes frame `number` of a chunk from the `compressed_bytes` bytes at its `offset`.
// Errors: kCorrupt, saying which check failed; kInvalid when there is no such frame.
[[nodiscard]] Result<DecodedFrame> decode_frame(const ChunkIndex& index, std::size_t number,
                                                std::string_view compressed);

struct DecodedChunk {
  ChunkIndex index;
  std::vector<DecodedFrame> frames;
};

// Decodes a whole chunk and makes the checks that need all of it too: its SHA-256, and that its
// index tells the subjects and sizes of these messages. Takes memory for all of its content.
// Errors: kCorrupt; kInvalid for a newer format.
[[nodiscard]] Result<DecodedChunk> decode_chunk(std::string_view bytes);

// Checks everything that decode_chunk does, holding one frame at a time. Returns the index.
[[nodiscard]] Result<ChunkIndex> verify_chunk(std::string_view bytes);

// Whether two whole chunks have the same header and the same messages, however each is divided into
// frames: that has changed between versions, and same_content compares frame by frame. Holds a
// frame of each at a time. Errors: kCorrupt, kInvalid, of either.
[[nodiscard]] Result<bool> same_messages(std::string_view a, std::string_view b);

}  // namespace nats3::archive
