// Text of ASCII, whatever the locale. Pure functions.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace nats3 {

// Without spaces, tabs and line breaks at both ends.
[[nodiscard]] inline std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  return first == text.npos ? std::string_view{}
                            : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

[[nodiscard]] inline std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

[[nodiscard]] inline bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == 0x7f;
}

// Whether a line of a protocol could be broken by it.
[[nodiscard]] inline bool has_control(std::string_view text) {
  return std::ranges::any_of(text, is_control);
}

}  // namespace nats3
