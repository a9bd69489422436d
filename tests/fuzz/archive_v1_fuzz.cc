// A version-1 chunk, read by both codecs. The hash is compared last, so the whole form is read
// first.

#include "archive/v1_chunk.h"
#include "tests/fuzz/fuzz.h"

using namespace nats3;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

void check(const archive::V1Chunk& chunk) {
  std::uint64_t place = 0;
  for (const auto& message : chunk.messages) {
    fuzz::require(message.sequence == ++place, "messages are numbered from 1");
    fuzz::require(std::ranges::is_sorted(message.headers, {}, &archive::HeaderField::name),
                  "headers are in canonical order");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::as_text(data, size);
  for (const auto codec : {archive::V1Codec::kJson, archive::V1Codec::kBinary}) {
    const auto chunk = archive::decode_v1_chunk(codec, std::string(bytes));
    if (chunk) {
      check(*chunk);
    } else {
      fuzz::require(chunk.error().code == ErrorCode::kCorrupt, "what can't be read is corrupt");
    }
  }
  if (const auto name = archive::parse_v1_chunk_name(bytes); name) {
    fuzz::require(archive::to_string(*name) == bytes, "a name has one form");
  }
  return 0;
}
