// Whether what S3 answered is what was asked for: lengths that add up, listings in order. Pure
// functions: any thread may call them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "object/http/transport.h"
#include "object/object_store.h"

namespace nats3::object {

// "bytes=5-9", or "bytes=5-" without a length. Precondition: the length isn't 0.
[[nodiscard]] std::string range_header(const ByteRange& range);

// The Content-Length of `answer`, if it has one.
[[nodiscard]] std::optional<std::uint64_t> content_length(const HttpAnswer& answer);

// A Content-Range: "bytes 5-9/20".
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t size = 0;  // of the object
};
[[nodiscard]] std::optional<ContentRange> parse_content_range(std::string_view text);

// The body of a successful GET of `key`, if it is all that `range` asked for. Errors: kUnavailable
// when it is not; kInvalid when the server ignored the range and it lies outside.
[[nodiscard]] Result<std::string> whole_content(HttpAnswer answer,
                                                const std::optional<ByteRange>& range,
                                                std::string_view key);

// `page`, if its keys are those of `query` and in order: everything that looks for the last object
// of a series counts on that. Errors: kInvalid.
[[nodiscard]] Result<ListPage> checked_page(ListPage page, const ListQuery& query);

}  // namespace nats3::object
