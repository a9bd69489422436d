// How wide text is on a terminal. Pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nats3::cli {

// Columns that UTF-8 `text` takes: 0 for combining marks, 2 for wide East Asian letters and emoji.
// A byte that is not UTF-8 counts as 1.
[[nodiscard]] std::size_t text_width(std::string_view text);

// `text` in at most `width` columns, with "…" at the end if something was cut.
[[nodiscard]] std::string cut_to_width(std::string_view text, std::size_t width);

// `text` without what would move the cursor or change colours: each control character becomes a
// space, each byte that is not UTF-8 a "?".
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace nats3::cli
