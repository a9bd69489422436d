// The payload of a footer, after eight bytes that say where in its file it would be.

#include "archive/chunk_index.h"
#include "archive/wire.h"
#include "tests/fuzz/fuzz.h"

using namespace nats3;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  archive::ByteReader in(fuzz::as_text(data, size));
  const auto footer_offset = in.fixed<std::uint64_t>();
  const auto index = archive::parse_footer(in.take(in.remaining()), footer_offset);
  if (!index) {
    return 0;
  }
  (void)index->may_contain_subject("orders.eu");
  (void)index->may_contain_subject("orders.>");
  for (std::size_t frame = 0; frame < index->frames.size(); ++frame) {
    (void)index->may_contain_subject("orders.eu", frame);
  }
  const std::string end = archive::make_index(*index, footer_offset);
  auto again = archive::ChunkIndex::parse(end, footer_offset + end.size());
  fuzz::require(again.has_value(), "what was read can be written");
  again->file_size = index->file_size;
  fuzz::require(*again == *index, "the index is the same again");
  return 0;
}
