#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace nats3 {
namespace {

constexpr int kMaxDepth = 64;

struct Position {
  std::size_t line = 1;
  std::size_t column = 1;
};

Position position_of(std::string_view text, std::size_t byte) {
  Position at;
  for (const char c : text.substr(0, byte)) {
    at.column = c == '\n' ? 1 : at.column + 1;
    at.line += c == '\n' ? 1 : 0;
  }
  return at;
}

// Turns each comma that only white space separates from a closing bracket into a space, which keeps
// the positions of all else. Also measures how deep the text nests.
struct Relaxed {
  std::string text;
  int depth = 0;
};

Relaxed relax(std::string_view text) {
  Relaxed out{std::string(text), 0};
  bool in_string = false;
  int depth = 0;
  std::size_t comma = std::string::npos;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      i += c == '\\' ? 1 : 0;
      in_string = c != '"';
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      continue;
    }
    if ((c == '}' || c == ']') && comma != std::string::npos) {
      out.text[comma] = ' ';
    }
    depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    out.depth = std::max(out.depth, depth);
    in_string = c == '"';
    // Only a comma after a value is a trailing one: `[,]` and `[1,,]` stay wrong.
    const bool after_value =
        i > 0 && comma == std::string::npos &&
        text.find_last_not_of(" \t\r\n", i - 1) != text.npos &&
        std::string_view("{[:,").find(text[text.find_last_not_of(" \t\r\n", i - 1)]) ==
            std::string_view::npos;
    comma = c == ',' && after_value ? i : std::string::npos;
  }
  return out;
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  if (const std::size_t zero = text.find('\0'); zero != text.npos) {  // to Json::parse, the end
    const Position at = position_of(text, zero);
    return fail(ErrorCode::kInvalid,
                fmt::format("not JSON at line {}, column {}: a zero byte", at.line, at.column));
  }
  const Relaxed relaxed = relax(text);
  if (relaxed.depth > kMaxDepth) {
    return fail(ErrorCode::kInvalid, fmt::format("JSON nested deeper than {} levels", kMaxDepth));
  }
  try {
    return Json::parse(relaxed.text);
  } catch (const Json::parse_error& error) {
    // `byte` counts from 1 and names the last byte read.
    const Position at = position_of(text, error.byte == 0 ? 0 : error.byte - 1);
    std::string why = error.what();  // "[json.exception...] parse error at line 1, column 2: why"
    if (const std::size_t colon = why.find(": "); colon != why.npos) {
      why.erase(0, colon + 2);
    }
    return fail(ErrorCode::kInvalid,
                fmt::format("not JSON at line {}, column {}: {}", at.line, at.column, why));
  } catch (const Json::out_of_range&) {
    return fail(ErrorCode::kInvalid, "not JSON that can be used: a number is too large");
  }
}

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(word.size() / 2, 2) + 1;
  for (const std::string_view candidate : known) {
    std::vector<std::size_t> row(candidate.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < word.size(); ++i) {
      std::size_t diagonal = std::exchange(row[0], i + 1);
      for (std::size_t j = 0; j < candidate.size(); ++j) {
        const std::size_t substitute = diagonal + (word[i] == candidate[j] ? 0 : 1);
        diagonal = row[j + 1];
        row[j + 1] = std::min({substitute, row[j] + 1, row[j + 1] + 1});
      }
    }
    if (row.back() < best_distance) {
      best_distance = row.back();
      best = candidate;
    }
  }
  return best;
}

Result<void> check_keys(const Json& object, const std::vector<std::string_view>& known) {
  for (const auto& [key, value] : object.items()) {
    if (std::ranges::find(known, key) != known.end()) {
      continue;
    }
    const std::string_view guess = nearest(std::string_view(key).substr(0, 64), known);
    return fail(ErrorCode::kInvalid, guess.empty()
                                         ? fmt::format("unknown key '{}'; known are {}",
                                                       key.substr(0, 64), fmt::join(known, ", "))
                                         : fmt::format("unknown key '{}'; did you mean '{}'?",
                                                       key.substr(0, 64), guess));
  }
  return {};
}

}  // namespace nats3
