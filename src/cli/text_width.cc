#include "cli/text_width.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace nats3::cli {
namespace {

struct CodeRange {
  char32_t first;
  char32_t last;
};

// Combining marks, variation selectors and joiners that text in practice has.
constexpr std::array<CodeRange, 11> kZeroWidth{{{0x0300, 0x036F},
                                                {0x0483, 0x0489},
                                                {0x0591, 0x05BD},
                                                {0x0610, 0x061A},
                                                {0x064B, 0x065F},
                                                {0x1AB0, 0x1AFF},
                                                {0x1DC0, 0x1DFF},
                                                {0x200B, 0x200F},
                                                {0x20D0, 0x20FF},
                                                {0xFE00, 0xFE0F},
                                                {0xFE20, 0xFE2F}}};

// Source: Unicode's EastAsianWidth.txt, the blocks that are W or F as a whole.
constexpr std::array<CodeRange, 13> kWide{{{0x1100, 0x115F},
                                           {0x2E80, 0x303E},
                                           {0x3041, 0x33FF},
                                           {0x3400, 0x4DBF},
                                           {0x4E00, 0x9FFF},
                                           {0xA000, 0xA4CF},
                                           {0xAC00, 0xD7A3},
                                           {0xF900, 0xFAFF},
                                           {0xFE30, 0xFE6F},
                                           {0xFF00, 0xFF60},
                                           {0xFFE0, 0xFFE6},
                                           {0x1F300, 0x1FAFF},
                                           {0x20000, 0x3FFFD}}};

bool is_in(const auto& ranges, char32_t code) {
  return std::ranges::any_of(
      ranges, [&](const CodeRange& range) { return code >= range.first && code <= range.last; });
}

struct Letter {
  std::size_t bytes = 1;
  std::optional<char32_t> code;  // none: not UTF-8
};

// The letter at the beginning of `text`, which isn't empty.
Letter first_letter(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) {
    return {1, byte(0)};
  }
  const std::size_t size = byte(0) >= 0xF0 && byte(0) <= 0xF4   ? 4
                           : byte(0) >= 0xE0 && byte(0) <= 0xEF ? 3
                           : byte(0) >= 0xC2 && byte(0) <= 0xDF ? 2
                                                                : 1;
  if (size == 1 || text.size() < size) {
    return {1, std::nullopt};
  }
  auto code = static_cast<char32_t>(byte(0) & (0x7F >> size));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) {
      return {1, std::nullopt};
    }
    code = (code << 6) | (byte(i) & 0x3FU);
  }
  return {size, code};
}

std::size_t width_of(const Letter& letter) {
  if (!letter.code) {
    return 1;
  }
  if (is_in(kZeroWidth, *letter.code)) {
    return 0;
  }
  return is_in(kWide, *letter.code) ? 2 : 1;
}

}  // namespace

std::size_t text_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    width += width_of(letter);
    text.remove_prefix(letter.bytes);
  }
  return width;
}

std::string cut_to_width(std::string_view text, std::size_t width) {
  if (text_width(text) <= width) {
    return std::string(text);
  }
  if (width == 0) {
    return "";
  }
  std::string out;
  std::size_t used = 0;
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    if (used + width_of(letter) > width - 1) {
      break;
    }
    out += text.substr(0, letter.bytes);
    used += width_of(letter);
    text.remove_prefix(letter.bytes);
  }
  return out + "…";
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Letter letter = first_letter(text);
    if (!letter.code) {
      out += '?';
    } else if (*letter.code < 0x20 || (*letter.code >= 0x7F && *letter.code < 0xA0) ||
               (*letter.code >= 0x202A && *letter.code <= 0x202E) ||
               (*letter.code >= 0x2066 && *letter.code <= 0x2069)) {
      out += ' ';  // the last two: marks that turn the direction of what follows
    } else {
      out += text.substr(0, letter.bytes);
    }
    text.remove_prefix(letter.bytes);
  }
  return out;
}

}  // namespace nats3::cli
