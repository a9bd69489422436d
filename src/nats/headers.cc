#include "nats/headers.h"

#include <algorithm>
#include <charconv>

namespace nats3::nats {
namespace {

constexpr std::string_view kVersion = "NATS/1.0";
constexpr std::string_view kLineEnd = "\r\n";

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// The length of the line at the start of `text` with the lines folded into it, without its CRLF.
std::size_t folded_line_length(std::string_view text) {
  std::size_t end = text.find(kLineEnd);
  while (end != text.npos && end + 2 < text.size() && is_blank(text[end + 2])) {
    end = text.find(kLineEnd, end + 2);
  }
  return end;
}

archive::HeaderField split_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == line.npos) {
    return {line, {}};
  }
  std::string_view value = line.substr(colon + 1);
  if (value.starts_with(' ')) {
    value.remove_prefix(1);
  }
  return {line.substr(0, colon), value};
}

}  // namespace

Result<void> parse_header_block(std::string_view block, std::vector<archive::HeaderField>& fields) {
  const std::size_t first_line = block.find(kLineEnd);
  if (!block.starts_with(kVersion) || first_line == block.npos) {
    return fail(ErrorCode::kCorrupt, "a message's headers don't begin with NATS/1.0");
  }
  const auto first = static_cast<std::ptrdiff_t>(fields.size());
  block.remove_prefix(first_line + 2);
  bool sorted = true;
  while (!block.starts_with(kLineEnd)) {
    const std::size_t length = folded_line_length(block);
    if (length == block.npos) {
      return fail(ErrorCode::kCorrupt, "a message's headers don't end with an empty line");
    }
    fields.push_back(split_line(block.substr(0, length)));
    sorted = sorted && (fields.size() < static_cast<std::size_t>(first) + 2 ||
                        fields[fields.size() - 2].name <= fields.back().name);
    block.remove_prefix(length + 2);
  }
  if (!sorted) {
    std::ranges::stable_sort(fields.begin() + first, fields.end(), {}, &archive::HeaderField::name);
  }
  return {};
}

StatusLine parse_status_line(std::string_view block) {
  if (!block.starts_with(kVersion)) {
    return {};
  }
  std::string_view line = block.substr(kVersion.size(), block.find(kLineEnd) - kVersion.size());
  while (!line.empty() && is_blank(line.front())) {
    line.remove_prefix(1);
  }
  StatusLine status;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), status.code);
  if (error != std::errc{} || status.code < 0) {
    return {};
  }
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  while (!line.empty() && is_blank(line.front())) {
    line.remove_prefix(1);
  }
  status.description = line;
  return status;
}

std::string_view find_header(std::span<const archive::HeaderField> fields, std::string_view name) {
  const auto found = std::ranges::find(fields, name, &archive::HeaderField::name);
  return found == fields.end() ? std::string_view{} : found->value;
}

}  // namespace nats3::nats
