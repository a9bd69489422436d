// Table: rows of text in aligned columns, as wide as the terminal allows. Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace nats3::cli {

enum class Align { kLeft, kRight };
enum class Fit {
  kWhole,  // never cut
  kCut,    // cut when the terminal is too narrow
  kId,     // cut before the others, to eight characters or what tells it from the other rows'
};
enum class Color { kNone, kGray, kRed, kGreen, kYellow, kBlue };

struct Column {
  std::string title;
  Align align = Align::kLeft;
  Fit fit = Fit::kCut;
};

struct Cell {
  std::string text;
  Color color = Color::kNone;
};

struct TableStyle {
  std::size_t max_width = 0;  // 0: as wide as it gets
  bool colors = false;
};

class Table {
 public:
  explicit Table(std::vector<Column> columns);

  // `cells`: one for each column. Control characters in them are made harmless.
  void add_row(std::vector<Cell> cells);

  // Leaves out a column, if there is one with that title.
  void drop(const std::string& title);
  // Leaves out a column that is empty in every row.
  void drop_if_empty(const std::string& title);

  // How wide it is when nothing is cut.
  [[nodiscard]] std::size_t full_width() const;

  // Title line and rows, each ending with a line feed.
  [[nodiscard]] std::string text(const TableStyle& style) const;

 private:
  [[nodiscard]] std::size_t telling_width(std::size_t column) const;
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t max_width) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

// `text` in `color`, as terminals understand it.
[[nodiscard]] std::string colored(const std::string& text, Color color);
[[nodiscard]] std::string bold(const std::string& text);

}  // namespace nats3::cli
