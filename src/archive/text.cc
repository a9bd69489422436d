#include "archive/text.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace nats3::archive {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101;
constexpr std::uint64_t kHighs = 0x8080808080808080;

std::uint64_t load8(const char* from) {
  std::uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// Sets the high bit of at least the lowest byte that is zero, and none when there is no zero.
constexpr std::uint64_t zero_bytes(std::uint64_t word) { return (word - kOnes) & ~word & kHighs; }

bool needs_escape(unsigned char byte) { return byte < 0x20 || byte == '"' || byte == '\\'; }

// Whether one of eight bytes needs an escape. Right for bytes of 0x80 and more too.
bool any_needs_escape(std::uint64_t word) {
  const std::uint64_t below_space = (word - kOnes * 0x20) & ~word & kHighs;
  return (below_space | zero_bytes(word ^ kOnes * '"') | zero_bytes(word ^ kOnes * '\\')) != 0;
}

// How many bytes of `text` need no escape, from its beginning.
std::size_t plain_prefix(std::string_view text) {
  std::size_t size = 0;
  while (size + 8 <= text.size() && !any_needs_escape(load8(text.data() + size))) {
    size += 8;
  }
  while (size < text.size() && !needs_escape(static_cast<unsigned char>(text[size]))) {
    ++size;
  }
  return size;
}

// The letter after the backslash, or 0 for bytes that are written as \u00XX.
char short_escape(char byte) {
  switch (byte) {
    case '"':
    case '\\':
      return byte;
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    default:
      return 0;
  }
}

// What may follow a lead byte: how many bytes, and between what the first of them lies.
struct Sequence {
  std::size_t following;
  unsigned char low;
  unsigned char high;
};

// Source: RFC 3629, section 4.
constexpr Sequence sequence_of(unsigned char lead) {
  if (lead >= 0xc2 && lead <= 0xdf) {
    return {1, 0x80, 0xbf};
  }
  if (lead >= 0xe0 && lead <= 0xef) {
    return {2, static_cast<unsigned char>(lead == 0xe0 ? 0xa0 : 0x80),
            static_cast<unsigned char>(lead == 0xed ? 0x9f : 0xbf)};
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    return {3, static_cast<unsigned char>(lead == 0xf0 ? 0x90 : 0x80),
            static_cast<unsigned char>(lead == 0xf4 ? 0x8f : 0xbf)};
  }
  return {0, 0, 0};
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  std::size_t i = 0;
  while (i < bytes.size()) {
    if (i + 8 <= bytes.size() && (load8(bytes.data() + i) & kHighs) == 0) {
      i += 8;
      continue;
    }
    const auto lead = static_cast<unsigned char>(bytes[i++]);
    if (lead < 0x80) {
      continue;
    }
    auto [following, low, high] = sequence_of(lead);
    if (following == 0 || following > bytes.size() - i) {
      return false;
    }
    for (; following > 0; --following, ++i) {
      const auto byte = static_cast<unsigned char>(bytes[i]);
      if (byte < low || byte > high) {
        return false;
      }
      low = 0x80;
      high = 0xbf;
    }
  }
  return true;
}

std::size_t json_escaped_size(std::string_view text) {
  std::size_t size = 0;
  while (!text.empty()) {
    const std::size_t plain = plain_prefix(text);
    size += plain;
    text.remove_prefix(plain);
    if (!text.empty()) {
      size += short_escape(text[0]) != 0 ? 2 : 6;
      text.remove_prefix(1);
    }
  }
  return size;
}

void append_json_string(std::string& out, std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  out += '"';
  while (!text.empty()) {
    const std::size_t plain = plain_prefix(text);
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) {
      break;
    }
    const char letter = short_escape(text[0]);
    if (letter != 0) {
      out += '\\';
      out += letter;
    } else {
      const auto byte = static_cast<unsigned char>(text[0]);
      out += "\\u00";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
    text.remove_prefix(1);
  }
  out += '"';
}

}  // namespace nats3::archive
