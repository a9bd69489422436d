#include "cli/config_commands.h"

#include <fmt/format.h>

#include <memory>
#include <ostream>

#include "base/json.h"
#include "cli/job_output.h"

namespace nats3::cli {
namespace {

constexpr const char* kKeys = "server-url|output-format";

enum class Key { kServerUrl, kOutputFormat };

tl::expected<Key, Failure> parse_key(const std::string& text) {
  if (text == "server-url" || text == "server_url") {
    return Key::kServerUrl;
  }
  if (text == "output-format" || text == "output_format") {
    return Key::kOutputFormat;
  }
  return usage(fmt::format("no key '{}': server-url or output-format", text));
}

Outcome show_config(CommandLine& line) {
  Io& io = line.io();
  const auto config = load_user_config(user_config_path(io));
  if (!config) {
    return failed(config.error());
  }
  const auto wanted = line.format(*config);
  if (!wanted) {
    return tl::unexpected(wanted.error());
  }
  if (*wanted == OutputFormat::kJson) {
    print_json(io, {{"server_url", config->server_url},
                    {"output_format", to_string(config->output_format)}});
    return {};
  }
  io.out << fmt::format("Current configuration:\n  server_url: {}\n  output_format: {}\n",
                        config->server_url, to_string(config->output_format));
  if (!io.variable("NATS3_SERVER_URL").empty()) {
    io.err << "nats3: the variable NATS3_SERVER_URL is set: what it names is used instead of "
              "server_url\n";
  }
  return {};
}

Outcome get_config(Io& io, const std::string& name) {
  const auto config = load_user_config(user_config_path(io));
  if (!config) {
    return failed(config.error());
  }
  const auto key = parse_key(name);
  if (!key) {
    return tl::unexpected(key.error());
  }
  io.out << (*key == Key::kServerUrl ? std::string_view(config->server_url)
                                     : to_string(config->output_format))
         << '\n';
  return {};
}

Outcome set_config(Io& io, const std::string& name, const std::string& value) {
  const std::string path = user_config_path(io);
  auto config = load_user_config(path);
  if (!config) {
    return failed(config.error());
  }
  const auto key = parse_key(name);
  if (!key) {
    return tl::unexpected(key.error());
  }
  if (*key == Key::kServerUrl) {
    if (auto url = parse_server_url(value); !url) {
      return usage(url.error().message);
    }
    config->server_url = value;
  } else {
    const auto wanted = parse_output_format(value);
    if (!wanted) {
      return usage(wanted.error().message);
    }
    config->output_format = *wanted;
  }
  if (auto saved = save_user_config(path, *config); !saved) {
    return failed(saved.error());
  }
  io.out << fmt::format("Set {} in {}\n", name, path);
  return {};
}

}  // namespace

void declare_config_commands(CommandLine& line) {
  CLI::App& group =
      line.add_group("config", "What the command line remembers: its server and format");
  line.add_command(group, "show", "Show all of it", [&line] { return show_config(line); });
  auto key = std::make_shared<std::string>();
  auto value = std::make_shared<std::string>();
  CLI::App& set = line.add_command(group, "set", "Change one key",
                                   [=, &line] { return set_config(line.io(), *key, *value); });
  set.add_option("key", *key, "Which")->required()->type_name(kKeys);
  set.add_option("value", *value, "Its new value")->required()->type_name("VALUE");
  CLI::App& get = line.add_command(group, "get", "Show one key",
                                   [=, &line] { return get_config(line.io(), *key); });
  get.add_option("key", *key, "Which")->required()->type_name(kKeys);
}

}  // namespace nats3::cli
