// NATS subjects and the names built on them.
// Source: https://docs.nats.io/nats-concepts/subjects
#pragma once

#include <string_view>

#include "base/error.h"

namespace nats3 {

// Whether `subject` (literal, as a message has it) is selected by `filter`, where `*` stands for
// one token and a final `>` for one or more.
[[nodiscard]] bool subject_matches(std::string_view filter, std::string_view subject);

// Whether every subject that `inner` selects is selected by `outer` too. Both may have wildcards.
[[nodiscard]] bool subject_covers(std::string_view outer, std::string_view inner);

// Whether some subject is selected by both.
[[nodiscard]] bool subjects_overlap(std::string_view a, std::string_view b);

// Checks a subject to publish to. A server stores whatever is one word of the protocol's line to
// it, so control characters may be in it, and wildcards as a part of a token; libnats would end it
// at a zero byte. Errors: kInvalid, naming the flaw.
[[nodiscard]] Result<void> check_subject(std::string_view subject);

// Checks a subject with or without wildcards: tokens not empty, no white space or control
// characters, wildcards only as whole tokens, `>` only last. Errors: kInvalid, naming the flaw.
[[nodiscard]] Result<void> check_subject_filter(std::string_view filter);

}  // namespace nats3
