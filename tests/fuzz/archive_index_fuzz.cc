// The index of a filter's chunks. The hash is set right first: else no change would get past it.

#include "archive/segment_index.h"
#include "base/digest.h"
#include "tests/fuzz/fuzz.h"

using namespace nats3;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(fuzz::as_text(data, size));
  if (bytes.size() >= archive::kIndexIdentityBytes) {
    const auto content = std::string_view(bytes).substr(archive::kIndexIdentityBytes);
    const std::uint64_t hash = xxh3_64(content);
    for (std::size_t i = 0; i < sizeof(hash); ++i) {
      bytes[archive::kIndexIdentityBytes - sizeof(hash) + i] = static_cast<char>(hash >> (8 * i));
    }
  }
  auto index = archive::SegmentIndex::parse(bytes);
  if (!index) {
    return 0;
  }
  fuzz::require(index->serialize() == bytes, "what was read is written the same");
  std::uint64_t end = 0;
  for (const archive::Segment& segment : index->segments()) {
    fuzz::require(segment.end > end && segment.chunks > 0, "segments follow one another");
    end = segment.end;
  }
  const std::uint64_t first = end / 2;
  index->cut(first);
  fuzz::require(index->end() <= first, "what is cut doesn't cover the place");
  return 0;
}
