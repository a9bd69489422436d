#include "base/subject.h"

#include <fmt/format.h>

namespace nats3 {
namespace {

// Takes the first token off `rest`.
std::string_view take_token(std::string_view& rest) {
  const std::size_t dot = rest.find('.');
  const std::string_view token = rest.substr(0, dot);
  rest = dot == rest.npos ? std::string_view{} : rest.substr(dot + 1);
  return token;
}

bool has_empty_token(std::string_view subject) {
  return subject.empty() || subject.front() == '.' || subject.back() == '.' ||
         subject.find("..") != subject.npos;
}

}  // namespace

bool subject_covers(std::string_view outer, std::string_view inner) {
  while (!outer.empty() && !inner.empty()) {
    const std::string_view a = take_token(outer);
    const std::string_view b = take_token(inner);
    if (a == ">") {
      return true;
    }
    if (b == ">" || (a != "*" && a != b)) {
      return false;
    }
  }
  return outer.empty() && inner.empty();
}

bool subject_matches(std::string_view filter, std::string_view subject) {
  return subject_covers(filter, subject);
}

bool subjects_overlap(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const std::string_view x = take_token(a);
    const std::string_view y = take_token(b);
    if (x == ">" || y == ">") {
      return true;
    }
    if (x != y && x != "*" && y != "*") {
      return false;
    }
  }
  return a.empty() && b.empty();
}

Result<void> check_subject(std::string_view subject) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid,
                fmt::format("nothing can be published to \"{}\": {}", subject.substr(0, 256), why));
  };
  if (has_empty_token(subject)) {
    return bad("a token between dots is empty");
  }
  if (subject.find_first_of(std::string_view(" \t\r\n\0", 5)) != subject.npos) {
    return bad("it has white space or a zero byte");
  }
  std::string_view rest = subject;
  while (!rest.empty()) {
    if (const std::string_view token = take_token(rest); token == "*" || token == ">") {
      return bad("it has wildcards");
    }
  }
  return {};
}

Result<void> check_subject_filter(std::string_view filter) {
  const auto bad = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' is not a subject: {}", filter.substr(0, 256), why));
  };
  if (filter.empty()) {
    return bad("it is empty");
  }
  for (const char c : filter) {
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) {
      return bad("it has white space or a control character");
    }
  }
  if (has_empty_token(filter)) {
    return bad("a token between dots is empty");
  }
  std::string_view rest = filter;
  while (!rest.empty()) {
    const std::string_view token = take_token(rest);
    if (token == ">" && !rest.empty()) {
      return bad("> stands only at the end");
    }
    if (token.size() > 1 && token.find_first_of("*>") != token.npos) {
      return bad("* and > stand only as whole tokens");
    }
  }
  return {};
}

}  // namespace nats3
