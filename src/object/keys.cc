#include "object/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/ascii.h"

namespace nats3::object {
namespace {

constexpr std::size_t kMaxKeyBytes = 1024;
constexpr std::size_t kMaxTextInMessage = 300;

// How many bytes the UTF-8 sequence at the start of `text` has, or 0 when it isn't one.
// Source: RFC 3629, section 4.
std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = at(0);
  if (lead < 0x80) {
    return 1;
  }
  const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0 || text.size() < length) {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) {
      return 0;
    }
  }
  const unsigned char second = at(1);
  const bool overlong = (lead == 0xe0 && second < 0xa0) || (lead == 0xf0 && second < 0x90);
  const bool surrogate = lead == 0xed && second > 0x9f;
  const bool too_high = lead == 0xf4 && second > 0x8f;
  return overlong || surrogate || too_high ? 0 : length;
}

tl::unexpected<Error> bad(std::string_view what, std::string_view name, std::string_view why) {
  return fail(ErrorCode::kInvalid, fmt::format("'{}' is not a {}: {}", printable(name), what, why));
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  const std::string_view shown = text.substr(0, kMaxTextInMessage);
  for (std::size_t i = 0; i < shown.size();) {
    const std::size_t length = utf8_length(shown.substr(i));
    if (length == 0 || is_control(shown[i])) {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(shown[i]));
      ++i;
    } else {
      out += shown.substr(i, length);
      i += length;
    }
  }
  return shown.size() < text.size() ? out + "..." : out;
}

Result<void> check_key(std::string_view key) {
  const auto bad_key = [&](std::string_view why) { return bad("key", key, why); };
  if (key.empty()) {
    return bad_key("it is empty");
  }
  if (key.size() > kMaxKeyBytes) {
    return bad_key(fmt::format("it has {} bytes, and {} is the most", key.size(), kMaxKeyBytes));
  }
  if (std::ranges::any_of(key, is_control)) {
    return bad_key("it has a control character");
  }
  for (std::size_t i = 0; i < key.size();) {
    const std::size_t length = utf8_length(key.substr(i));
    if (length == 0) {
      return bad_key("it is not UTF-8");
    }
    i += length;
  }
  for (std::string_view rest = key;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view component = rest.substr(0, slash);
    if (component.empty() || component == "." || component == "..") {
      return bad_key("a component between slashes is empty, '.' or '..'");
    }
    if (slash == rest.npos) {
      return {};
    }
    rest.remove_prefix(slash + 1);
  }
}

Result<void> check_bucket(std::string_view bucket) {
  constexpr std::string_view kAlphanumeric =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  const auto bad_bucket = [&](std::string_view why) { return bad("bucket name", bucket, why); };
  if (bucket.size() < 3 || bucket.size() > 63) {
    return bad_bucket("it must have 3 to 63 characters");
  }
  if (kAlphanumeric.find(bucket.front()) == kAlphanumeric.npos) {
    return bad_bucket("it must begin with a letter or a digit");
  }
  for (const char c : bucket) {
    if (kAlphanumeric.find(c) == kAlphanumeric.npos && c != '.' && c != '-' && c != '_') {
      return bad_bucket("only letters, digits, '.', '-' and '_' are allowed");
    }
  }
  if (bucket.find("..") != bucket.npos) {
    return bad_bucket("it has '..'");
  }
  return {};
}

Result<void> check_query(const ListQuery& query) {
  if (!query.delimiter.empty() && query.delimiter != "/") {
    return fail(ErrorCode::kInvalid,
                fmt::format("a listing can't fold by '{}': the delimiter is '/' or empty",
                            printable(query.delimiter)));
  }
  if (query.limit == 0 || query.limit > 1000) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("a listing can't have pages of {}: 1 to 1,000 is allowed", query.limit));
  }
  return {};
}

Error range_error(std::string_view key, std::uint64_t offset, std::optional<std::uint64_t> size) {
  const std::string has = size ? fmt::format(", which has {} bytes", *size) : "";
  return Error{ErrorCode::kInvalid, fmt::format("no bytes from {} on in '{}'{}: ask for less",
                                                offset, printable(key), has)};
}

Result<Extent> resolve_range(std::string_view key, const std::optional<ByteRange>& range,
                             std::uint64_t size, std::uint64_t max_bytes) {
  Extent extent{0, size};
  if (range) {
    if (range->offset >= size) {
      return fail(range_error(key, range->offset, size));
    }
    const std::uint64_t rest = size - range->offset;
    extent = {range->offset, std::min(range->length.value_or(rest), rest)};
  }
  if (extent.length > max_bytes) {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}': {} bytes at once, and {} is the most: get it in ranges",
                            printable(key), extent.length, max_bytes));
  }
  return extent;
}

}  // namespace nats3::object
