#include "object/s3/content.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

#include "object/keys.h"

namespace nats3::object {
namespace {

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

tl::unexpected<Error> bad_content(std::string_view key, std::string_view why) {
  return fail(ErrorCode::kUnavailable, fmt::format("getting '{}': {}", printable(key), why));
}

}  // namespace

std::string range_header(const ByteRange& range) {
  if (!range.length) {
    return fmt::format("bytes={}-", range.offset);
  }
  const std::uint64_t room = std::numeric_limits<std::int64_t>::max() - range.offset;
  return fmt::format("bytes={}-{}", range.offset, range.offset + std::min(*range.length - 1, room));
}

std::optional<std::uint64_t> content_length(const HttpAnswer& answer) {
  return parse_number(answer.header("content-length"));
}

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (!text.starts_with(kUnit) || dash == text.npos || slash == text.npos || slash < dash) {
    return std::nullopt;
  }
  const auto first = parse_number(text.substr(kUnit.size(), dash - kUnit.size()));
  const auto last = parse_number(text.substr(dash + 1, slash - dash - 1));
  const auto size = parse_number(text.substr(slash + 1));
  if (!first || !last || !size || *first > *last || *last >= *size) {
    return std::nullopt;
  }
  return ContentRange{*first, *last, *size};
}

Result<std::string> whole_content(HttpAnswer answer, const std::optional<ByteRange>& range,
                                  std::string_view key) {
  const bool chunked = answer.header("transfer-encoding").find("chunked") != std::string_view::npos;
  const auto length = content_length(answer);
  if (!length && !chunked) {
    return bad_content(key, "the answer does not say how long it is, so it may be cut");
  }
  if (length && *length != answer.body.size()) {
    return bad_content(
        key, fmt::format("the answer was cut: {} of {} bytes", answer.body.size(), *length));
  }
  if (!range) {
    return answer.status == 200
               ? Result<std::string>(std::move(answer.body))
               : bad_content(key, fmt::format("HTTP {} to a request for the whole", answer.status));
  }
  if (answer.status == 200) {  // a server that takes no ranges: cut it here
    return resolve_range(key, range, answer.body.size(), answer.body.size())
        .map([&](const Extent& part) { return answer.body.substr(part.offset, part.length); });
  }
  const auto got = parse_content_range(answer.header("content-range"));
  if (answer.status != 206 || !got) {
    return bad_content(key, fmt::format("HTTP {} with Content-Range '{}' to a request for a part",
                                        answer.status, printable(answer.header("content-range"))));
  }
  const auto wanted = resolve_range(key, range, got->size, got->size);
  if (!wanted || got->first != wanted->offset || got->last - got->first + 1 != wanted->length ||
      answer.body.size() != wanted->length) {
    return bad_content(
        key, fmt::format("asked for {}, got {} bytes with Content-Range '{}'", range_header(*range),
                         answer.body.size(), printable(answer.header("content-range"))));
  }
  return std::move(answer.body);
}

Result<ListPage> checked_page(ListPage page, const ListQuery& query) {
  const auto bad = [](std::string_view name, std::string_view why) {
    return fail(ErrorCode::kInvalid, fmt::format("'{}' {}: nats3 needs a store that lists keys in "
                                                 "the order of their bytes, as S3 does",
                                                 printable(name), why));
  };
  const std::string after = query.token.empty() ? query.start_after : "";
  std::string_view previous = after;
  for (const ObjectInfo& object : page.objects) {
    if (!object.key.starts_with(query.prefix)) {
      return bad(object.key, "was not asked for");
    }
    if (object.key <= previous) {
      return bad(object.key, "came out of order");
    }
    previous = object.key;
  }
  for (const std::string& prefix : page.common_prefixes) {
    if (!prefix.starts_with(query.prefix)) {
      return bad(prefix, "was not asked for");
    }
  }
  if (!std::ranges::is_sorted(page.common_prefixes)) {
    return bad(page.common_prefixes.front(), "and the prefixes after it came out of order");
  }
  return page;
}

}  // namespace nats3::object
