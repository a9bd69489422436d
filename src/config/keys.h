// The keys a configuration has: what each is called, how its text is read, and whether it may be
// shown. The one list that reading, describing and suggesting go by.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "config/config.h"

namespace nats3::config {

enum class Visibility { kPlain, kSecret, kUrl };  // kUrl: shown without user and password

struct Key {
  std::string_view name;
  // Sets the key in `config`. Errors: kInvalid, saying what `value` should be.
  Result<void> (*set)(Config& config, const std::string& value);
  // The text that set() reads back to the same; "" when it's not set.
  std::string (*get)(const Config& config);
  Visibility visibility = Visibility::kPlain;
};

[[nodiscard]] std::span<const Key> keys();

// Keys of nats-s3-connector that are accepted and mean nothing here.
[[nodiscard]] bool is_obsolete(std::string_view key);

}  // namespace nats3::config
