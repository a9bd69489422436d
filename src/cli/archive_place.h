// Which archive a command is for, and of what time.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "cli/client.h"

namespace nats3::cli {

struct ArchivePlace {
  std::string bucket;
  std::string prefix;

  // Declares --bucket and --prefix. This outlives the command.
  void add_to(CLI::App& command);
  [[nodiscard]] Query query() const;
  // For a person: "bucket 'archive' under 'team'".
  [[nodiscard]] std::string text() const;
};

// Of a flag: "", or why it is no time in RFC 3339.
[[nodiscard]] std::string check_time(const std::string& text);

}  // namespace nats3::cli
