#include "config/settings.h"

#include <fmt/format.h>
#include <toml++/toml.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <set>

namespace nats3::config {
namespace {

constexpr int kMaxDepth = 4;

std::string origin_of(const std::string& name, std::int64_t line, std::int64_t column) {
  return fmt::format("{}:{}:{}", name, line, column);
}

tl::unexpected<Error> bad_value(const std::string& origin, const std::string& key) {
  return fail(ErrorCode::kInvalid,
              fmt::format("{}: {} must be a string, a number or a boolean", origin, key));
}

std::string join(const std::string& section, std::string_view key) {
  return section.empty() ? std::string(key) : fmt::format("{}.{}", section, key);
}

Result<void> flatten(const toml::table& table, const std::string& section, int depth,
                     const std::string& name, std::vector<Setting>& out) {
  for (const auto& [toml_key, node] : table) {
    const auto& at = node.source().begin;
    const std::string origin = origin_of(name, at.line, at.column);
    const std::string key = join(section, toml_key.str());
    if (const auto* const inner = node.as_table(); inner != nullptr && depth < kMaxDepth) {
      if (auto done = flatten(*inner, key, depth + 1, name, out); !done) {
        return done;
      }
    } else if (const auto* const text = node.as_string()) {
      out.push_back({key, text->get(), origin});
    } else if (const auto* const number = node.as_integer()) {
      out.push_back({key, std::to_string(number->get()), origin});
    } else if (const auto* const boolean = node.as_boolean()) {
      out.push_back({key, boolean->get() ? "true" : "false", origin});
    } else {
      return bad_value(origin, key);
    }
  }
  return {};
}

Result<void> flatten(const YAML::Node& map, const std::string& section, int depth,
                     const std::string& name, std::vector<Setting>& out) {
  std::set<std::string> seen;
  for (const auto& entry : map) {
    const YAML::Mark mark = entry.first.Mark();
    const std::string origin = origin_of(name, mark.line + 1L, mark.column + 1L);
    if (!entry.first.IsScalar()) {
      return fail(ErrorCode::kInvalid, fmt::format("{}: a key must be plain text", origin));
    }
    const std::string key = join(section, entry.first.Scalar());
    if (!seen.insert(key).second) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}: {} stands here a second time", origin, key));
    }
    if (entry.second.IsScalar()) {
      out.push_back({key, entry.second.Scalar(), origin});
    } else if (entry.second.IsMap() && depth < kMaxDepth) {
      if (auto done = flatten(entry.second, key, depth + 1, name, out); !done) {
        return done;
      }
    } else if (!entry.second.IsNull()) {
      return bad_value(origin, key);
    }
  }
  return {};
}

Result<std::vector<Setting>> parse_toml(std::string_view text, const std::string& name) {
  try {
    std::vector<Setting> settings;
    const toml::table table = toml::parse(text, name);
    if (auto done = flatten(table, "", 1, name, settings); !done) {
      return fail(done.error());
    }
    return settings;
  } catch (const toml::parse_error& error) {
    const auto& at = error.source().begin;
    return fail(
        ErrorCode::kInvalid,
        fmt::format("{}: not TOML: {}", origin_of(name, at.line, at.column), error.description()));
  }
}

Result<std::vector<Setting>> parse_yaml(std::string_view text, const std::string& name) {
  try {
    std::vector<Setting> settings;
    const YAML::Node root = YAML::Load(std::string(text));
    if (root.IsNull() || !root.IsDefined()) {
      return settings;
    }
    if (!root.IsMap()) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("{}:1:1: must be a map of keys, such as \"log: info\"", name));
    }
    if (auto done = flatten(root, "", 1, name, settings); !done) {
      return fail(done.error());
    }
    return settings;
  } catch (const YAML::Exception& error) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("{}: not YAML: {}",
                    origin_of(name, error.mark.line + 1L, error.mark.column + 1L), error.msg));
  }
}

}  // namespace

Result<Format> format_of(std::string_view file_name) {
  if (file_name.ends_with(".toml")) {
    return Format::kToml;
  }
  if (file_name.ends_with(".yaml") || file_name.ends_with(".yml")) {
    return Format::kYaml;
  }
  return fail(
      ErrorCode::kInvalid,
      fmt::format("{}: the name of a configuration file ends in .toml, .yaml or .yml", file_name));
}

Result<std::vector<Setting>> parse_settings(std::string_view text, Format format,
                                            const std::string& name) {
  return format == Format::kToml ? parse_toml(text, name) : parse_yaml(text, name);
}

std::string variable_of(std::string_view key) {
  std::string name = "NATS3_";
  for (const char c : key) {
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

}  // namespace nats3::config
