// stream.json and watermark.json.

#include "archive/epoch.h"
#include "tests/fuzz/fuzz.h"

using namespace nats3;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  if (const auto epoch = archive::parse_epoch_description(text)) {
    const auto written = serialize(*epoch);
    fuzz::require(written.has_value(), "what was read can be written");
    const auto again = archive::parse_epoch_description(*written);
    fuzz::require(again && *again == *epoch, "an epoch is the same again");
  }
  if (const auto watermark = archive::parse_watermark(text)) {
    const auto again = archive::parse_watermark(serialize(*watermark));
    fuzz::require(again && *again == *watermark, "a watermark is the same again");
  }
  return 0;
}
