#include "jobs/subject_mapping.h"

#include <fmt/format.h>

#include <charconv>

#include "base/subject.h"

namespace nats3::jobs {
namespace {

std::vector<std::string_view> split(std::string_view subject) {
  std::vector<std::string_view> tokens;
  while (true) {
    const std::size_t dot = subject.find('.');
    tokens.push_back(subject.substr(0, dot));
    if (dot == subject.npos) {
      return tokens;
    }
    subject.remove_prefix(dot + 1);
  }
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && text.back() == ' ') {
    text.remove_suffix(1);
  }
  return text;
}

// "wildcard(2)" or "wildcard 2" without its braces, or "$2": 2. 0 when it's neither.
std::size_t wildcard_number(std::string_view token) {
  std::string_view digits;
  if (token.starts_with('$')) {
    digits = token.substr(1);
  } else if (token.starts_with("{{") && token.ends_with("}}")) {
    const std::string_view call = trim(token.substr(2, token.size() - 4));
    const std::string_view name = call.substr(0, call.find('('));
    if ((trim(name) != "wildcard" && trim(name) != "Wildcard") || !call.ends_with(')')) {
      return 0;
    }
    digits = trim(call.substr(name.size() + 1, call.size() - name.size() - 2));
  }
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc{} && end == digits.data() + digits.size() ? number : 0;
}

}  // namespace

Result<SubjectMapping::Token> SubjectMapping::parse_token(
    std::string_view text, const std::vector<std::size_t>& wildcards) {
  if (text.starts_with("{{") && text.ends_with("}}") &&
      trim(text.substr(2, text.size() - 4)) == "subject") {
    return Token{Token::Kind::kSubject, {}, 0};
  }
  const bool function = text.find_first_of("{}") != text.npos;
  const std::size_t number = wildcard_number(text);
  if (number == 0 && function) {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' is not a mapping nats3 knows: use {{{{subject}}}} or "
                            "{{{{wildcard(1)}}}} as a whole token",
                            text));
  }
  if (number == 0) {
    return Token{Token::Kind::kLiteral, std::string(text), 0};
  }
  if (number > wildcards.size()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' refers to wildcard {} of the source, which has {}", text, number,
                            wildcards.size()));
  }
  return Token{Token::Kind::kWildcard, {}, wildcards[number - 1]};
}

Result<SubjectMapping> SubjectMapping::parse(std::string_view source, std::string_view target) {
  std::vector<std::size_t> wildcards;
  const auto source_tokens = split(source);
  for (std::size_t i = 0; i < source_tokens.size(); ++i) {
    if (source_tokens[i] == "*") {
      wildcards.push_back(i);
    }
  }
  SubjectMapping mapping;
  mapping.source_ = source;
  for (const std::string_view text : split(target)) {
    auto token = parse_token(text, wildcards);
    if (!token) {
      return fail(token.error());
    }
    mapping.tokens_.push_back(std::move(*token));
  }
  const std::string pattern = mapping.pattern();
  if (auto valid = check_subject_filter(pattern); !valid) {
    return fail(valid.error());
  }
  if (target.find_first_of("*>") != target.npos) {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' has a wildcard: messages are published to one subject each; use "
                            "{{{{subject}}}} or {{{{wildcard(1)}}}}",
                            target));
  }
  return mapping;
}

void SubjectMapping::apply(std::string_view subject, std::string& out) const {
  out.clear();
  std::vector<std::string_view> parts;
  for (const auto& token : tokens_) {
    if (&token != &tokens_.front()) {
      out += '.';
    }
    switch (token.kind) {
      case Token::Kind::kLiteral:
        out += token.literal;
        break;
      case Token::Kind::kSubject:
        out += subject;
        break;
      case Token::Kind::kWildcard:
        if (parts.empty()) {
          parts = split(subject);
        }
        out += token.source_token < parts.size() ? parts[token.source_token] : "";
        break;
    }
  }
}

std::string SubjectMapping::pattern() const {
  std::string out;
  for (const auto& token : tokens_) {
    out += &token == &tokens_.front() ? "" : ".";
    switch (token.kind) {
      case Token::Kind::kLiteral:
        out += token.literal;
        break;
      case Token::Kind::kSubject:
        out += source_;
        break;
      case Token::Kind::kWildcard:
        out += '*';
        break;
    }
  }
  return out;
}

}  // namespace nats3::jobs
