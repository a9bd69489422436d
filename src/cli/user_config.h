// UserConfig: what the command line remembers of a user, in ~/.config/nats3/config.toml.
// Not thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/io.h"

namespace nats3::cli {

enum class OutputFormat { kTable, kJson };

[[nodiscard]] std::string_view to_string(OutputFormat format);  // "Table"
// In any case. Errors: kInvalid.
[[nodiscard]] Result<OutputFormat> parse_output_format(std::string_view text);

struct UserConfig {
  std::string server_url = "http://localhost:8080";
  OutputFormat output_format = OutputFormat::kTable;
};

// $XDG_CONFIG_HOME/nats3/config.toml, else ~/.config/nats3/config.toml; "" when neither variable is
// set.
[[nodiscard]] std::string user_config_path(const Io& io);

// Reads the file; when there is none, makes it with the defaults, or goes on without where that
// can't be. Errors: kInvalid, with line and column; kDenied.
[[nodiscard]] Result<UserConfig> load_user_config(const std::string& path);

// Replaces the file as a whole. Errors: kDenied.
[[nodiscard]] Result<void> save_user_config(const std::string& path, const UserConfig& config);

}  // namespace nats3::cli
