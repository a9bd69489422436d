// The server's configuration, in both formats.

#include "config/config.h"
#include "config/settings.h"
#include "tests/fuzz/fuzz.h"

using namespace nats3;  // NOLINT(google-build-using-namespace): a program of one function

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  for (const auto format : {config::Format::kToml, config::Format::kYaml}) {
    const auto settings = config::parse_settings(text, format, "file");
    if (!settings) {
      continue;
    }
    const auto made = config::make_config(*settings, {}, "file");
    fuzz::require(made || !made.error().message.empty(), "an error says something");
    if (made) {
      fuzz::require(!made->nats.url.empty(), "a configuration names NATS");
      (void)config::describe(*made);
    }
  }
  return 0;
}
