#include "cli/live_screen.h"

#include <fmt/format.h>

#include <ostream>

#include "cli/text_width.h"

namespace nats3::cli {
namespace {

// The width of a line without its colours, "\x1b[...m".
std::size_t shown_width(std::string_view line) {
  std::string plain;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\x1b') {
      plain += line[i];
      continue;
    }
    i = std::min(line.find('m', i), line.size());
  }
  return text_width(plain);
}

// Rows of the terminal that a line takes.
std::size_t rows_of(std::size_t width, std::size_t columns) {
  return columns == 0 || width == 0 ? 1 : (width + columns - 1) / columns;
}

}  // namespace

void LiveScreen::draw(const std::vector<std::string>& lines) {
  const TerminalSize size = io_.size_now();
  // Counted at the width of now: a terminal made narrower has broken the lines again.
  std::size_t rows_up = 0;
  for (const std::size_t width : drawn_) {
    rows_up += rows_of(width, size.columns);
  }
  std::string text = rows_up == 0 ? "" : fmt::format("\x1b[{}A\r\x1b[J", rows_up);
  drawn_.clear();
  std::size_t rows = 1;  // the cursor's, below
  for (const std::string& line : lines) {
    const std::size_t width = shown_width(line);
    rows += rows_of(width, size.columns);
    if (size.rows > 0 && rows > size.rows) {
      break;
    }
    text += line + "\n";
    drawn_.push_back(width);
  }
  out_ << text << std::flush;
}

}  // namespace nats3::cli
