#include "config/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/json.h"
#include "base/small_file.h"
#include "config/keys.h"

namespace nats3::config {
namespace {

constexpr std::string_view kPrefix = "NATS3_";

const Key* find_key(std::string_view name) {
  const auto all = keys();
  const auto found = std::ranges::find(all, name, &Key::name);
  return found == all.end() ? nullptr : &*found;
}

Error unknown_key(const Setting& setting) {
  std::vector<std::string_view> names;
  for (const Key& key : keys()) {
    names.push_back(key.name);
  }
  const std::string_view guess = nearest(std::string_view(setting.key).substr(0, 64), names);
  return {ErrorCode::kInvalid,
          fmt::format("{}: unknown key '{}'; {}", setting.origin, setting.key.substr(0, 64),
                      guess.empty() ? fmt::format("known are {}", fmt::join(names, ", "))
                                    : fmt::format("did you mean '{}'?", guess))};
}

// Settings and what was noticed about where they come from.
struct Merged {
  std::vector<Setting> settings;
  std::vector<std::string> notices;
};

// What holds when file and environment are put together: the file wins.
Merged merge(const std::vector<Setting>& file, const Variables& environment) {
  Merged merged{file, {}};
  std::vector<std::string> differing;
  for (const Key& key : keys()) {
    const std::string name = variable_of(key.name);
    const auto variable = environment.find(name);
    if (variable == environment.end() || variable->second.empty()) {
      continue;
    }
    const auto in_file = std::ranges::find(file, key.name, &Setting::key);
    if (in_file == file.end()) {
      merged.settings.push_back({std::string(key.name), variable->second, name});
    } else if (in_file->value != variable->second && !is_obsolete(key.name)) {
      differing.push_back(fmt::format("{} ({})", key.name, name));
    }
  }
  if (!differing.empty()) {
    merged.notices.push_back(
        fmt::format("set differently in the file and in the environment, and the file holds: {}",
                    fmt::join(differing, ", ")));
  }
  return merged;
}

// Variables that look like a key's and aren't one. Not an error: others set such variables too, as
// Kubernetes does for a service called nats3.
void note_unknown_variables(const Variables& environment, Config& config) {
  std::vector<std::string> known{"NATS3_SERVER_URL"};  // the command line's
  for (const Key& key : keys()) {
    known.push_back(variable_of(key.name));
  }
  const std::vector<std::string_view> views(known.begin(), known.end());
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(kPrefix) || std::ranges::find(known, name) != known.end()) {
      continue;
    }
    const std::string section = name.substr(0, name.find('_', kPrefix.size()) + 1);
    const std::string_view guess = nearest(std::string_view(name).substr(0, 64), views);
    if (!section.empty() && guess.starts_with(section)) {
      config.notices.push_back(
          fmt::format("the variable {} sets nothing; did you mean {}?", name.substr(0, 64), guess));
    }
  }
}

void note_obsolete(const std::vector<Setting>& settings, Config& config) {
  if (std::ranges::any_of(settings, [](const Setting& s) { return is_obsolete(s.key); })) {
    config.notices.emplace_back(
        "postgres.* is not used: nats3 keeps its jobs in NATS and needs no database; the keys can "
        "be removed");
  }
}

Result<void> check_logins(const ServerConfig& server, const NatsConfig& nats) {
  if (server.user.empty() != server.password.empty()) {
    return fail(ErrorCode::kInvalid, "server.user and server.password go together: set both");
  }
  if (server.cert.empty() != server.key.empty()) {
    return fail(ErrorCode::kInvalid,
                "server.cert and server.key, the API's certificate and its private key, go "
                "together: set both");
  }
  if (server.user.find(':') != std::string::npos) {
    return fail(ErrorCode::kInvalid, "server.user must have no colon, which ends it in a login");
  }
  const int ways = static_cast<int>(!nats.creds.empty()) + static_cast<int>(!nats.nkey.empty()) +
                   static_cast<int>(!nats.token.empty()) +
                   static_cast<int>(!nats.user.empty() || !nats.password.empty());
  if (ways > 1) {
    return fail(ErrorCode::kInvalid,
                "nats.creds, nats.nkey, nats.token and nats.user with nats.password are four ways "
                "of logging in: set one of them");
  }
  if (!nats.nkey.empty() && without_credentials(nats.url) != nats.url) {
    return fail(ErrorCode::kInvalid,
                "nats.nkey and the user in nats.url are two ways of logging in: set one of them");
  }
  if (nats.user.empty() != nats.password.empty()) {
    return fail(ErrorCode::kInvalid, "nats.user and nats.password go together: set both");
  }
  if (nats.cert.empty() != nats.key.empty()) {
    return fail(ErrorCode::kInvalid,
                "nats.cert and nats.key, a certificate and its private key, go together: set both");
  }
  return {};
}

Result<void> check_credentials(const S3Config& s3) {
  const bool has_keys = !s3.access.empty() || !s3.secret.empty() || !s3.session_token.empty();
  if (s3.credentials == CredentialsFrom::kAws && has_keys) {
    return fail(ErrorCode::kInvalid,
                "s3.credentials = aws, and s3.access, s3.secret or s3.session_token: set one or "
                "the others");
  }
  return {};
}

// What a server can't do without.
Result<void> check_complete(const Config& config, const std::vector<Setting>& settings,
                            std::string_view source) {
  const auto is_set = [&](std::string_view key) {
    return std::ranges::find(settings, key, &Setting::key) != settings.end();
  };
  std::vector<std::string_view> missing;
  if (config.nats.url.empty()) {
    missing.emplace_back("nats.url");
  }
  if (config.s3.folder.empty()) {
    // Without an endpoint it's AWS, which has one in each region.
    if (config.s3.endpoint.empty() && !is_set("s3.region")) {
      missing.emplace_back("s3.endpoint");
    }
    const bool needs_keys = config.s3.credentials == CredentialsFrom::kKeys;
    if (needs_keys && config.s3.access.empty()) {
      missing.emplace_back("s3.access");
    }
    if (needs_keys && config.s3.secret.empty()) {
      missing.emplace_back("s3.secret");
    }
  }
  if (missing.empty()) {
    return {};
  }
  std::vector<std::string> variables;
  for (const std::string_view key : missing) {
    variables.push_back(variable_of(key));
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("{}: not set: {}; set {} there or in the environment as {}", source,
                          fmt::join(missing, ", "), missing.size() == 1 ? "it" : "them",
                          fmt::join(variables, ", ")));
}

}  // namespace

Result<Config> make_config(const std::vector<Setting>& settings, const Variables& environment,
                           std::string_view source) {
  for (const Setting& setting : settings) {
    if (find_key(setting.key) == nullptr) {
      return fail(unknown_key(setting));
    }
  }
  Config config;
  Merged merged = merge(settings, environment);
  config.notices = std::move(merged.notices);
  for (const Setting& setting : merged.settings) {
    if (auto set = find_key(setting.key)->set(config, setting.value); !set) {
      return fail(set.error().with_context(fmt::format("{}: {}", setting.origin, setting.key)));
    }
  }
  note_obsolete(merged.settings, config);
  note_unknown_variables(environment, config);
  if (auto logins = check_logins(config.server, config.nats); !logins) {
    return fail(logins.error().with_context(source));
  }
  if (auto credentials = check_credentials(config.s3); !credentials) {
    return fail(credentials.error().with_context(source));
  }
  if (auto complete = check_complete(config, merged.settings, source); !complete) {
    return fail(complete.error());
  }
  return config;
}

Result<Config> load(const LoadOptions& options) {
  const std::string path = options.file.value_or(options.default_file);
  const auto format = format_of(path);
  if (!format) {
    return fail(format.error());
  }
  const auto text = read_small_file(path, FileKind::kAny).map_error([&](const Error& error) {
    return error.with_context(path);
  });
  if (!text && text.error().code == ErrorCode::kNotFound && !options.file) {
    return make_config({}, options.environment,
                       fmt::format("there is no {} (another file: --config FILE)", path));
  }
  if (!text) {
    return fail(text.error());
  }
  const auto settings = parse_settings(*text, *format, path);
  if (!settings) {
    return fail(settings.error());
  }
  return make_config(*settings, options.environment, path);
}

Variables read_environment(std::string_view prefix) {
  Variables variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::size_t equals = text.find('=');
    if (text.starts_with(prefix) && equals != text.npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

std::string describe(const Config& config) {
  std::string text;
  for (const Key& key : keys()) {
    std::string value = key.get(config);
    if (value.empty()) {
      continue;
    }
    if (key.visibility == Visibility::kSecret) {
      value = "(set, not shown)";
    } else if (key.visibility == Visibility::kUrl) {
      value = without_credentials(value);
    }
    text += fmt::format("{} = {}\n", key.name, value);
  }
  return text;
}

std::string without_credentials(std::string_view url) {
  std::string out;
  while (true) {
    const std::size_t comma = url.find(',');
    const std::string_view one = url.substr(0, comma);
    const std::size_t scheme = one.find("://");
    const std::size_t host = scheme == one.npos ? 0 : scheme + 3;
    const std::size_t at = one.rfind('@');
    out += one.substr(0, host);
    out += at == one.npos || at < host ? one.substr(host) : one.substr(at + 1);
    if (comma == url.npos) {
      return out;
    }
    out += ',';
    url.remove_prefix(comma + 1);
  }
}

}  // namespace nats3::config
