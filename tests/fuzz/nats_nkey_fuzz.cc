// The file that holds an NKey's seed.

#include <string>

#include "nats/nkey.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using nats3::fuzz::require;
  const std::string_view text = nats3::fuzz::as_text(data, size);
  const auto key = nats3::nats::parse_user_key(text);
  if (!key) {
    require(key.error().message.size() < 300, "an error is short, whatever the file holds");
    return 0;
  }
  require(text.find(key->seed.view()) != text.npos, "the seed is in the text");
  require(key->seed.view().size() == 58 && key->seed.view().starts_with("SU"), "a user's seed");
  require(key->public_key.size() == 56 && key->public_key.starts_with("U"), "a user's public key");
  const auto again = nats3::nats::parse_user_key(key->seed.view());
  require(again && again->public_key == key->public_key, "the seed alone gives the same key");
  return 0;
}
