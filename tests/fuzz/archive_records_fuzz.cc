// The content of a frame, in both encodings.

#include <algorithm>
#include <string>

#include "archive/records.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace nats3;  // NOLINT(google-build-using-namespace): a program of one function

bool ascends(const std::vector<archive::Message>& messages) {
  return std::ranges::adjacent_find(messages, std::greater_equal<>{},
                                    &archive::Message::sequence) == messages.end();
}

void check(archive::Encoding encoding, std::string_view content) {
  const auto records = archive::decode_records(encoding, content);
  if (!records) {
    return;
  }
  fuzz::require(ascends(records->messages), "sequences ascend");
  archive::StringPool pool;
  const auto encoder = encoding == archive::Encoding::kBinary ? archive::make_binary_encoder(pool)
                                                              : archive::make_json_encoder();
  for (const auto& message : records->messages) {
    fuzz::require(std::ranges::is_sorted(message.headers, {}, &archive::HeaderField::name),
                  "headers are in canonical order");
    encoder->add(message, pool.intern(message.subject));
  }
  const std::string encoded = encoder->take({});
  const auto again = archive::decode_records(encoding, encoded);
  fuzz::require(again && again->messages == records->messages, "records are the same again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check(archive::Encoding::kBinary, fuzz::as_text(data, size));
  check(archive::Encoding::kJson, fuzz::as_text(data, size));
  return 0;
}
