// Key names: chunk, epoch, component, whole key, prefix.

#include "archive/key.h"
#include "tests/fuzz/fuzz.h"

using namespace nats3;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  if (const auto name = archive::parse_chunk_name(text)) {
    fuzz::require(to_string(*name) == text, "a chunk's name is the same again");
  }
  if (const auto epoch = archive::parse_epoch_name(text)) {
    fuzz::require(to_string(*epoch) == text, "an epoch's name is the same again");
  }
  if (const auto decoded = archive::decode_component(text)) {
    fuzz::require(
        archive::filter_component(*decoded) == text || archive::encode_component(*decoded) == text,
        "a component is the same again");
  }
  const std::string component = archive::filter_component(text);
  fuzz::require(component.size() <= 200 && component.find('/') == component.npos,
                "a component is one short part");
  const archive::StreamLocation location{"prefix", "STREAM"};
  if (const auto chunk = archive::parse_chunk_key(location, text)) {
    fuzz::require(text == archive::epoch_folder(location, chunk->epoch) + chunk->filter_component +
                              "/" + to_string(chunk->name),
                  "a key is the same again");
  }
  (void)archive::check_location({std::string(text), "STREAM"});
  return 0;
}
