// ObjectReader: reads the keys of one JSON object that comes from outside, with messages that help.
//
// The first error sticks, and later reads give empty values: a reader of a whole object asks for
// the error once, at the end. Not thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"

namespace nats3::jobs {

struct DurationLimits {
  std::chrono::nanoseconds min;
  std::chrono::nanoseconds max;
};

// A value as a person should see it in a message: short, and quoted if it's a string.
[[nodiscard]] std::string shown(const Json& value);

class ObjectReader {
 public:
  // Says what a text must be if it isn't that.
  using Check = Result<void> (*)(std::string_view);

  // `object` outlives the reader. `path`: what it's called in messages, "" for the whole body.
  // `known`: the keys it may have.
  ObjectReader(const Json& object, std::string path, const std::vector<std::string_view>& known);

  // Whether `key` is there and not null.
  [[nodiscard]] bool has(const char* key) const;

  // A text that must be there.
  std::string text(const char* key, Check check);
  // Absent when it's missing, null or "".
  std::optional<std::string> optional_text(const char* key, Check check);
  // These give `otherwise`, or nothing, when the key is missing or null.
  bool boolean(const char* key, bool otherwise);
  std::uint64_t whole(const char* key, std::uint64_t min, std::uint64_t max,
                      std::uint64_t otherwise);
  std::optional<std::chrono::nanoseconds> duration(const char* key, DurationLimits limits);
  std::optional<Timestamp> time(const char* key);

  // One of `choices`, by any of its spellings.
  template <typename T>
  T choice(const char* key, T otherwise,
           const std::vector<std::pair<std::string_view, T>>& choices) {
    if (!has(key)) {
      return otherwise;
    }
    std::vector<std::string_view> spellings;
    for (const auto& [spelling, meaning] : choices) {
      if (object_.at(key) == spelling) {
        return meaning;
      }
      spellings.push_back(spelling);
    }
    reject_choice(key, spellings);
    return otherwise;
  }

  // The object under `key`; an empty one when it's absent.
  [[nodiscard]] const Json& object(const char* key) const;

  // Makes "what: why, got value" the error, unless there is one.
  void reject(std::string_view what, std::string_view why, const Json* value = nullptr);

  // Takes over the first error of a nested reader.
  void adopt(const ObjectReader& nested);

  // Errors: the first one there was; else all keys that are missing.
  [[nodiscard]] Result<void> finish() const;

 private:
  [[nodiscard]] std::string name(const char* key) const;
  void reject_choice(const char* key, const std::vector<std::string_view>& spellings);

  const Json& object_;
  std::string path_;
  std::optional<Error> error_;
  std::vector<std::string> missing_;
};

}  // namespace nats3::jobs
