// SubjectMapping: where a replayed message goes, from where it came.
//
// A target is one subject, `{{subject}}` (the original one), or a NATS subject mapping: tokens of
// the source pattern's wildcards by `{{wildcard(1)}}` or `$1`, counted from 1. Source:
// https://docs.nats.io/nats-concepts/subject_mapping Immutable once made: any thread may use one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace nats3::jobs {

class SubjectMapping {
 public:
  // `source` is the pattern whose wildcards `target` refers to. Errors: kInvalid, for a function
  // other than wildcard and subject, a wildcard the source doesn't have, or a target that is no
  // subject.
  static Result<SubjectMapping> parse(std::string_view source, std::string_view target);

  // The target for `subject`, which `source` must match. Replaces what `out` holds, so that a
  // caller can reuse its memory.
  void apply(std::string_view subject, std::string& out) const;

  // A filter that every result matches.
  [[nodiscard]] std::string pattern() const;

 private:
  struct Token {
    enum class Kind { kLiteral, kWildcard, kSubject } kind = Kind::kLiteral;
    std::string literal;
    std::size_t source_token = 0;  // index of the token of the subject that a kWildcard takes
  };

  static Result<Token> parse_token(std::string_view text,
                                   const std::vector<std::size_t>& wildcards);

  std::string source_;
  std::vector<Token> tokens_;
};

}  // namespace nats3::jobs
