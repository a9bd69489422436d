// A whole chunk. Hashes stop most inputs early; archive_footer and archive_records go deeper.

#include "archive/chunk_reader.h"
#include "archive/chunk_writer.h"
#include "tests/fuzz/fuzz.h"

using namespace nats3;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::as_text(data, size);
  (void)archive::parse_header_frame(bytes);
  (void)archive::parse_tail(bytes, size);
  const auto index = archive::ChunkIndex::parse(bytes, size);
  const auto chunk = archive::decode_chunk(bytes);
  fuzz::require(chunk.has_value() == archive::verify_chunk(bytes).has_value(),
                "decode_chunk and verify_chunk agree");
  if (!index) {
    fuzz::require(!chunk, "a chunk without an index isn't decoded");
    return 0;
  }
  for (std::size_t i = 0; i < index->frames.size(); ++i) {
    const auto& frame = index->frames[i];
    (void)archive::decode_frame(*index, i, bytes.substr(frame.offset, frame.compressed_bytes));
  }
  if (!chunk) {
    return 0;
  }
  archive::ChunkWriter writer({.stream = index->header.stream,
                               .epoch = index->header.epoch,
                               .filter = index->header.filter,
                               .previous = index->header.previous,
                               .encoding = index->header.encoding});
  for (const auto& frame : chunk->frames) {
    for (const auto& message : frame.messages()) {
      fuzz::require(writer.add(message).has_value(), "what was read can be written");
    }
  }
  const auto again = writer.finish();
  fuzz::require(again && again->summary == index->summary, "the summary is the same again");
  return 0;
}
