#include "nats/headers.h"

#include <algorithm>
#include <charconv>

namespace nats3::nats {
namespace {

constexpr std::string_view kVersion = "NATS/1.0";
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::ptrdiff_t kShortestBlock = 12;  // NATS/1.0 CRLF CRLF
constexpr std::ptrdiff_t kLongestBlock = 64 << 20;

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

Result<std::string_view> header_block(const natsMsg& message) {
  // One allocation holds: subject NUL [reply NUL] [headers NUL] payload.
  const std::string_view subject = subject_of(message);
  const std::string_view reply = reply_of(message);
  const std::string_view before = reply.data() == nullptr ? subject : reply;
  const char* begin = before.data() + before.size() + 1;
  const std::ptrdiff_t gap = natsMsg_GetData(&message) - begin;
  if (gap == 0) {
    return std::string_view{};
  }
  if (gap > kShortestBlock && gap <= kLongestBlock) {
    const std::string_view block(begin, static_cast<std::size_t>(gap) - 1);
    if (block.starts_with(kVersion) && begin[gap - 1] == '\0') {
      return block;
    }
  }
  return fail(ErrorCode::kInternal,
              std::string("this libnats (") + nats_GetVersion() +
                  ") lays messages out in memory in a way nats3 doesn't know: use 3.4 to 3.14");
}

Result<MessageView> view_of(const natsMsg& message) {
  return header_block(message).map([&](std::string_view block) {
    return MessageView{.subscription = 0,
                       .subject = subject_of(message),
                       .reply = reply_of(message),
                       .headers = block,
                       .payload = payload_of(message)};
  });
}

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
