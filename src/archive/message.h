// Message: one archived JetStream message, as views into memory somebody else owns.
//
// Lossless: the payload to the byte, the time to the nanosecond, headers as an ordered list of
// values per name. The order *between* names isn't kept (libnats does not keep it), so the
// canonical form sorts by name, byte by byte; the values of one name keep their order.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace nats3::archive {

// One header line. A name with several values is several fields, next to each other.
// Names are case-sensitive and kept as they were sent.
struct HeaderField {
  std::string_view name;
  std::string_view value;
  bool operator==(const HeaderField&) const = default;
};

struct Message {
  std::uint64_t sequence = 0;  // in its stream, from 1
  Timestamp time;              // when the stream stored it
  std::string_view subject;
  std::span<const HeaderField> headers;  // canonical order: see sort_headers
  std::string_view payload;              // bytes, not necessarily text
};

// Compares what the views show, not where they point.
[[nodiscard]] inline bool operator==(const Message& a, const Message& b) {
  return a.sequence == b.sequence && a.time == b.time && a.subject == b.subject &&
         a.payload == b.payload && std::ranges::equal(a.headers, b.headers);
}

// Brings header fields into canonical order.
inline void sort_headers(std::vector<HeaderField>& headers) {
  std::ranges::stable_sort(headers, {}, &HeaderField::name);
}

// The bytes of subject, headers and payload: what limits and metrics count.
[[nodiscard]] inline std::size_t content_size(const Message& message) {
  std::size_t size = message.subject.size() + message.payload.size();
  for (const auto& field : message.headers) {
    size += field.name.size() + field.value.size();
  }
  return size;
}

}  // namespace nats3::archive
