// LiveScreen: lines on a terminal that are drawn again in place. Hides no cursor and changes no
// mode, so that however the process ends there is nothing to restore. Not thread-safe.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/io.h"

namespace nats3::cli {

class LiveScreen {
 public:
  // Draws to `out`, whose size is what `io` measures.
  LiveScreen(std::ostream& out, const Io& io) : out_(out), io_(io) {}

  // Replaces what was drawn by `lines`, as many of them as the terminal has room for. A line may be
  // longer than the terminal is wide; its colours are the only control sequences it may have.
  void draw(const std::vector<std::string>& lines);

  // Takes away what was drawn.
  void clear() { draw({}); }

 private:
  std::ostream& out_;
  const Io& io_;
  std::vector<std::size_t> drawn_;  // how wide each line on the screen is
};

}  // namespace nats3::cli
