// Settings: what a configuration file or the environment says, as plain pairs of key and text, each
// with where it stands. What keys mean is not known here: see config.h.
// Pure functions: any thread, any input.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace nats3::config {

struct Setting {
  std::string key;     // "s3.endpoint"
  std::string value;   // numbers and booleans as text
  std::string origin;  // "/etc/nats3/config.toml:12:1", or the name of a variable
};

using Variables = std::map<std::string, std::string>;

enum class Format { kToml, kYaml };

// By suffix: .toml, .yaml or .yml. Errors: kInvalid, for any other.
[[nodiscard]] Result<Format> format_of(std::string_view file_name);

// Reads `text`; `name` is what it's called in messages. Keys without a value (YAML's null) are left
// out. Errors: kInvalid, with line and column: a syntax error, a key that stands twice, a value
// that is a list or a date, nesting deeper than any key.
[[nodiscard]] Result<std::vector<Setting>> parse_settings(std::string_view text, Format format,
                                                          const std::string& name);

// The variable that sets `key`: NATS3_S3_ENDPOINT for "s3.endpoint".
[[nodiscard]] std::string variable_of(std::string_view key);

}  // namespace nats3::config
