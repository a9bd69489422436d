#include "cli/user_config.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/ascii.h"
#include "base/json.h"
#include "cli/client.h"
#include "cli/output_file.h"

namespace nats3::cli {
namespace {

namespace fs = std::filesystem;

Result<UserConfig> from_table(const toml::table& table, const std::string& path) {
  UserConfig config;
  for (const auto& [key, node] : table) {
    const auto& at = node.source().begin;
    const auto bad = [&](std::string_view why) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}:{}:{}: {}: {}; correct it or remove the file", path, at.line,
                              at.column, key.str(), why));
    };
    const auto* const text = node.as_string();
    if (key == "server_url" && text != nullptr) {
      if (auto url = parse_server_url(text->get()); !url) {
        return bad(url.error().message);
      }
      config.server_url = text->get();
    } else if (key == "output_format" && text != nullptr) {
      const auto format = parse_output_format(text->get());
      if (!format) {
        return bad(format.error().message);
      }
      config.output_format = *format;
    } else if (key == "server_url" || key == "output_format") {
      return bad("must be a string");
    }
    // Other keys may be those of another version.
  }
  return config;
}

}  // namespace

std::string_view to_string(OutputFormat format) {
  return format == OutputFormat::kJson ? "Json" : "Table";
}

Result<OutputFormat> parse_output_format(std::string_view text) {
  const std::string lower = lower_case(std::string(text));
  if (lower == "table") {
    return OutputFormat::kTable;
  }
  if (lower == "json") {
    return OutputFormat::kJson;
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("'{}' is not an output format: table or json", text.substr(0, 64)));
}

std::string user_config_path(const Io& io) {
  std::string base = io.variable("XDG_CONFIG_HOME");
  if (!base.starts_with('/')) {
    base = io.variable("HOME");
    if (base.empty()) {
      return "";
    }
    base += "/.config";
  }
  return base + "/nats3/config.toml";
}

Result<UserConfig> load_user_config(const std::string& path) {
  std::error_code error;
  if (path.empty() || !fs::exists(path, error)) {
    // Without it everything works with the defaults: a home that can't be written is no trouble.
    [[maybe_unused]] const auto made = save_user_config(path, {});
    return UserConfig{};
  }
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  if (!file) {
    return fail(ErrorCode::kDenied, fmt::format("{}: can't be read", path));
  }
  try {
    return from_table(toml::parse(text, path), path);
  } catch (const toml::parse_error& bad) {
    const auto& at = bad.source().begin;
    return fail(ErrorCode::kInvalid,
                fmt::format("{}:{}:{}: not TOML: {}; correct it or remove the file", path, at.line,
                            at.column, bad.description()));
  }
}

Result<void> save_user_config(const std::string& path, const UserConfig& config) {
  if (path.empty()) {
    return fail(ErrorCode::kDenied,
                "there is no place for the configuration: set HOME or XDG_CONFIG_HOME");
  }
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error) {
    return fail(ErrorCode::kDenied, fmt::format("{}: can't be written: {}", path, error.message()));
  }
  std::ostringstream text;
  text << toml::table{{"server_url", config.server_url},
                      {"output_format", std::string(to_string(config.output_format))}}
       << '\n';
  return write_file(path, text.str());
}

}  // namespace nats3::cli
