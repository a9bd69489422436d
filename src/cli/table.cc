#include "cli/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "cli/text_width.h"

namespace nats3::cli {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 6;   // a column isn't cut below this
constexpr std::size_t kShortestId = 8;  // nor an id

std::string padded(const std::string& text, std::size_t width, Align align, bool last) {
  const std::string fill(width - std::min(width, text_width(text)), ' ');
  if (align == Align::kRight) {
    return fill + text;
  }
  return last ? text : text + fill;
}

// Nothing marks an id as cut: what is left of it is to be copied.
std::string shortened(const std::string& text, Fit fit, std::size_t width) {
  return fit == Fit::kId ? text.substr(0, width) : cut_to_width(text, width);
}

}  // namespace

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add_row(std::vector<Cell> cells) {
  cells.resize(columns_.size());
  for (Cell& cell : cells) {
    cell.text = printable(cell.text);
  }
  rows_.push_back(std::move(cells));
}

void Table::drop(const std::string& title) {
  const auto column = std::ranges::find(columns_, title, &Column::title);
  if (column == columns_.end()) {
    return;
  }
  const auto index = column - columns_.begin();
  columns_.erase(column);
  std::ranges::for_each(rows_, [&](auto& row) { row.erase(row.begin() + index); });
}

void Table::drop_if_empty(const std::string& title) {
  const auto column = std::ranges::find(columns_, title, &Column::title);
  const auto index = static_cast<std::size_t>(column - columns_.begin());
  if (column != columns_.end() &&
      std::ranges::all_of(rows_, [&](const auto& row) { return row[index].text.empty(); })) {
    drop(title);
  }
}

std::size_t Table::full_width() const {
  const std::vector<std::size_t> all = widths(0);
  return std::accumulate(all.begin(), all.end(), all.empty() ? 0 : kGap * (all.size() - 1));
}

// Of an id, from which what follows it can be told.
std::size_t Table::telling_width(std::size_t column) const {
  std::vector<std::string> ids;
  for (const auto& row : rows_) {
    ids.push_back(row[column].text);
  }
  std::ranges::sort(ids);
  std::size_t width = kShortestId;
  for (std::size_t i = 1; i < ids.size(); ++i) {
    const auto differs = std::ranges::mismatch(ids[i - 1], ids[i]).in1 - ids[i - 1].begin();
    width = std::max(width, static_cast<std::size_t>(differs) + 1);
  }
  return width;
}

std::vector<std::size_t> Table::widths(std::size_t max_width) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = text_width(columns_[i].title);
    for (const auto& row : rows_) {
      width = std::max(width, text_width(row[i].text));
    }
    widths.push_back(width);
  }
  if (max_width == 0 || columns_.empty()) {
    return widths;
  }
  std::size_t total = std::accumulate(widths.begin(), widths.end(), kGap * (columns_.size() - 1));
  for (std::size_t i = 0; i < columns_.size() && total > max_width; ++i) {
    if (columns_[i].fit == Fit::kId) {
      const std::size_t width = std::min(widths[i], telling_width(i));
      total -= widths[i] - width;
      widths[i] = width;
    }
  }
  // Take columns off the widest that may be cut, until all fit or none can give more.
  while (total > max_width) {
    std::size_t widest = columns_.size();
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].fit == Fit::kCut && widths[i] > kNarrowest &&
          (widest == columns_.size() || widths[i] > widths[widest])) {
        widest = i;
      }
    }
    if (widest == columns_.size()) {
      break;
    }
    --widths[widest];
    --total;
  }
  return widths;
}

std::string Table::text(const TableStyle& style) const {
  const std::vector<std::size_t> width = widths(style.max_width);
  std::string out;
  const auto add_line = [&](auto cell_text) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      out += i == 0 ? "" : std::string(kGap, ' ');
      out += cell_text(i, i + 1 == columns_.size());
    }
    out.erase(out.find_last_not_of(' ') + 1);
    out += '\n';
  };
  add_line([&](std::size_t i, bool last) {
    const std::string text =
        padded(cut_to_width(columns_[i].title, width[i]), width[i], columns_[i].align, last);
    return style.colors ? bold(text) : text;
  });
  for (const auto& row : rows_) {
    add_line([&](std::size_t i, bool last) {
      const std::string text = padded(shortened(row[i].text, columns_[i].fit, width[i]), width[i],
                                      columns_[i].align, last);
      return style.colors ? colored(text, row[i].color) : text;
    });
  }
  return out;
}

std::string colored(const std::string& text, Color color) {
  switch (color) {
    case Color::kNone:
      return text;
    case Color::kGray:
      return "\x1b[90m" + text + "\x1b[0m";
    case Color::kRed:
      return "\x1b[31m" + text + "\x1b[0m";
    case Color::kGreen:
      return "\x1b[32m" + text + "\x1b[0m";
    case Color::kYellow:
      return "\x1b[33m" + text + "\x1b[0m";
    case Color::kBlue:
      return "\x1b[34m" + text + "\x1b[0m";
  }
  return text;
}

std::string bold(const std::string& text) { return "\x1b[1m" + text + "\x1b[0m"; }

}  // namespace nats3::cli
