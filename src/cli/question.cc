#include "cli/question.h"

#include <iostream>

namespace nats3::cli {

std::optional<std::string> ask(Io& io, std::string_view question) {
  io.err << question << ": " << std::flush;
  std::string line;
  if (!std::getline(io.in, line)) {
    io.err << '\n';
    return std::nullopt;
  }
  const std::size_t begin = line.find_first_not_of(" \t\r");
  return begin == line.npos ? "" : line.substr(begin, line.find_last_not_of(" \t\r") - begin + 1);
}

}  // namespace nats3::cli
