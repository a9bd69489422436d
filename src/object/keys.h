// The rules for names and ranges that every store obeys, so that a key one store takes is a key all
// of them take. Pure functions: any thread may call them.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "object/object_store.h"

namespace nats3::object {

// What `get` gives at most; larger objects are got in ranges. Guards our memory, not the store's.
inline constexpr std::uint64_t kDefaultMaxObjectBytes = std::uint64_t{1} << 30;

// Checks a key: 1 to 1,024 bytes of UTF-8 without control characters; no path component empty, "."
// or "..". Errors: kInvalid, naming the flaw.
[[nodiscard]] Result<void> check_key(std::string_view key);

// Checks a bucket's name: 3 to 63 of a-z A-Z 0-9 . - _ beginning with a letter or a digit, without
// "..". That is what servers take between them; each refuses some of it itself. Errors: kInvalid.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
[[nodiscard]] Result<void> check_bucket(std::string_view bucket);

// Checks what a ListQuery can ask for. Errors: kInvalid.
[[nodiscard]] Result<void> check_query(const ListQuery& query);

// A part of an object of known size.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// What `range` means for the object `key` of `size` bytes. Errors: kInvalid for a range that begins
// at or past the end, or for more than `max_bytes`.
[[nodiscard]] Result<Extent> resolve_range(std::string_view key,
                                           const std::optional<ByteRange>& range,
                                           std::uint64_t size, std::uint64_t max_bytes);

// The error of a range that begins at or past the end of `key`.
[[nodiscard]] Error range_error(std::string_view key, std::uint64_t offset,
                                std::optional<std::uint64_t> size);

// `text` for a message: cut to a readable length, with what isn't printable percent-encoded.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace nats3::object
