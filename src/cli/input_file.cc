#include "cli/input_file.h"

#include <fmt/format.h>

#include <fstream>
#include <istream>

namespace nats3::cli {

Result<std::string> read_input(Io& io, const std::string& name, std::size_t max_bytes) {
  std::ifstream file;
  if (name != "-") {
    file.open(name, std::ios::binary);
  }
  std::istream& in = name == "-" ? io.in : file;
  std::string text(max_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  // A folder can be opened, but not read.
  if (in.bad() || (name != "-" && !file.is_open())) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} can't be read: is it there, and a file of yours?", name));
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > max_bytes) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} is larger than {} MiB", name, max_bytes >> 20U));
  }
  return text;
}

}  // namespace nats3::cli
