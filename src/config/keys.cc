#include "config/keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/ascii.h"

namespace nats3::config {
namespace {

tl::unexpected<Error> must_be(std::string_view what, std::string_view value) {
  return fail(ErrorCode::kInvalid, fmt::format("must be {}, not '{}'", what, value.substr(0, 128)));
}

std::optional<int> parse_int(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number)
                                                                  : std::nullopt;
}

bool has_blank(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
}

Result<void> set_log(Config& config, const std::string& value) {
  static constexpr std::array<std::string_view, 5> kLevels{"trace", "debug", "info", "warn",
                                                           "error"};
  const std::string level = lower_case(value) == "warning" ? "warn" : lower_case(value);
  if (std::ranges::find(kLevels, level) == kLevels.end()) {
    // nats-s3-connector takes any text here, so a file that works there must work here.
    config.notices.push_back(fmt::format("log = '{}' is not one of {}: logging at info",
                                         value.substr(0, 64), fmt::join(kLevels, ", ")));
    config.log = "info";
    return {};
  }
  config.log = level;
  return {};
}

Result<void> set_addr(Config& config, const std::string& value) {
  const std::size_t colon = value.rfind(':');
  const int port =
      colon == value.npos ? -1 : parse_int(std::string_view(value).substr(colon + 1)).value_or(-1);
  std::string host = value.substr(0, colon);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) {
    host = host.substr(1, host.size() - 2);
  }
  if (port < 0 || port > 65'535 || has_blank(host) || (!bracketed && host.find(':') != host.npos)) {
    return must_be("an address such as 0.0.0.0:8080 or [::]:8080", value);
  }
  config.server.host = host.empty() ? "0.0.0.0" : host;
  config.server.port = static_cast<std::uint16_t>(port);
  return {};
}

std::string get_addr(const Config& config) {
  const bool ipv6 = config.server.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", config.server.host, ipv6 ? "]" : "",
                     config.server.port);
}

Result<void> set_nats_url(Config& config, const std::string& value) {
  const bool blank = std::ranges::any_of(
      value, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; });
  if (blank || value.starts_with(',') || value.ends_with(',') || value.find(",,") != value.npos) {
    return must_be("a NATS URL such as nats://localhost:4222, or several with commas between",
                   without_credentials(value));
  }
  config.nats.url = value;
  return {};
}

Result<void> set_nats_bucket(Config& config, const std::string& value) {
  const bool fits = value.size() <= 64 && std::ranges::all_of(value, [](unsigned char c) {
                      return std::isalnum(c) != 0 || c == '_' || c == '-';
                    });
  if (!fits) {
    return must_be("1 to 64 letters, digits, '-' and '_'", value);
  }
  config.nats.bucket = value;
  return {};
}

Result<void> set_domain(Config& config, const std::string& value) {
  const bool is_token = value.size() <= 64 && std::ranges::none_of(value, [](unsigned char c) {
                          return c <= ' ' || c == 0x7f || c == '.' || c == '*' || c == '>';
                        });
  if (!is_token) {
    return must_be("the name of a JetStream domain, without a space, '.', '*' and '>'", value);
  }
  config.nats.domain = value;
  return {};
}

Result<void> set_replicas(Config& config, const std::string& value) {
  const auto replicas = parse_int(value);
  if (!replicas || *replicas < 1 || *replicas > 5) {
    return must_be("a whole number from 1 to 5", value);
  }
  config.nats.replicas = *replicas;
  return {};
}

Result<void> set_endpoint(Config& config, const std::string& value) {
  constexpr std::string_view kFile = "file:";
  if (value.starts_with(kFile)) {
    std::string folder = value.substr(kFile.size());
    if (folder.starts_with("///")) {
      folder.erase(0, 2);
    }
    if (!folder.starts_with('/') || folder.starts_with("//")) {
      return must_be("file: and an absolute path, such as file:/var/lib/nats3", value);
    }
    config.s3.folder = folder;
    return {};
  }
  const std::size_t scheme_end = value.find("://");
  const std::string scheme =
      scheme_end == value.npos ? "" : lower_case(value.substr(0, scheme_end));
  // Without a scheme it must at least look like a host: with a dot or a port.
  const bool has_scheme = scheme_end != value.npos;
  if (has_blank(value) || (has_scheme && scheme != "http" && scheme != "https") ||
      (!has_scheme && value.find_first_of(".:") == value.npos) || value.find('@') != value.npos) {
    return must_be("http://host:port, https://host or file:/path", without_credentials(value));
  }
  config.s3.endpoint = value;
  while (config.s3.endpoint.ends_with('/')) {
    config.s3.endpoint.pop_back();
  }
  if (!has_scheme) {
    config.s3.endpoint.insert(0, "https://");
  }
  return {};
}

Result<void> set_path_style(Config& config, const std::string& value) {
  const std::string choice = lower_case(value);
  if (choice != "auto" && choice != "true" && choice != "false") {
    return must_be("auto, true or false", value);
  }
  config.s3.path_style = choice == "auto"   ? PathStyle::kAuto
                         : choice == "true" ? PathStyle::kAlways
                                            : PathStyle::kNever;
  return {};
}

std::string get_path_style(const Config& config) {
  switch (config.s3.path_style) {
    case PathStyle::kAlways:
      return "true";
    case PathStyle::kNever:
      return "false";
    case PathStyle::kAuto:
      break;
  }
  return "auto";
}

Result<void> set_credentials(Config& config, const std::string& value) {
  const std::string choice = lower_case(value);
  if (choice != "keys" && choice != "aws") {
    return must_be("keys or aws", value);
  }
  config.s3.credentials = choice == "aws" ? CredentialsFrom::kAws : CredentialsFrom::kKeys;
  return {};
}

std::string get_credentials(const Config& config) {
  return config.s3.credentials == CredentialsFrom::kAws ? "aws" : "";
}

// A key whose text is taken as it is.
template <auto Section, auto Member>
constexpr Key plain_key(std::string_view name, Visibility visibility = Visibility::kPlain) {
  return {.name = name,
          .set = [](Config& config, const std::string& value) -> Result<void> {
            if (value.find_first_of(std::string_view("\0\r\n", 3)) != value.npos) {
              return fail(ErrorCode::kInvalid, "must be one line of text");
            }
            config.*Section.*Member = value;
            return {};
          },
          .get = [](const Config& config) { return config.*Section.*Member; },
          .visibility = visibility};
}

constexpr auto kKeys = std::to_array<Key>({
    {"log", set_log, [](const Config& config) { return config.log; }},
    {"server.addr", set_addr, get_addr},
    plain_key<&Config::server, &ServerConfig::user>("server.user"),
    plain_key<&Config::server, &ServerConfig::password>("server.password", Visibility::kSecret),
    plain_key<&Config::server, &ServerConfig::cert>("server.cert"),
    plain_key<&Config::server, &ServerConfig::key>("server.key"),
    {"nats.url", set_nats_url, [](const Config& config) { return config.nats.url; },
     Visibility::kUrl},
    {"nats.bucket", set_nats_bucket, [](const Config& config) { return config.nats.bucket; }},
    {"nats.replicas", set_replicas,
     [](const Config& config) { return std::to_string(config.nats.replicas); }},
    {"nats.domain", set_domain, [](const Config& config) { return config.nats.domain; }},
    plain_key<&Config::nats, &NatsConfig::creds>("nats.creds"),
    plain_key<&Config::nats, &NatsConfig::nkey>("nats.nkey"),
    plain_key<&Config::nats, &NatsConfig::user>("nats.user"),
    plain_key<&Config::nats, &NatsConfig::password>("nats.password", Visibility::kSecret),
    plain_key<&Config::nats, &NatsConfig::token>("nats.token", Visibility::kSecret),
    plain_key<&Config::nats, &NatsConfig::ca>("nats.ca"),
    plain_key<&Config::nats, &NatsConfig::cert>("nats.cert"),
    plain_key<&Config::nats, &NatsConfig::key>("nats.key"),
    {"s3.endpoint", set_endpoint,
     [](const Config& config) {
       return config.s3.folder.empty() ? config.s3.endpoint : "file:" + config.s3.folder;
     }},
    plain_key<&Config::s3, &S3Config::region>("s3.region"),
    plain_key<&Config::s3, &S3Config::access>("s3.access"),
    plain_key<&Config::s3, &S3Config::secret>("s3.secret", Visibility::kSecret),
    plain_key<&Config::s3, &S3Config::session_token>("s3.session_token", Visibility::kSecret),
    {"s3.credentials", set_credentials, get_credentials},
    {"s3.path_style", set_path_style, get_path_style},
    plain_key<&Config::s3, &S3Config::ca>("s3.ca"),
    {"postgres.url", [](Config&, const std::string&) { return Result<void>{}; },
     [](const Config&) { return std::string(); }, Visibility::kSecret},
    {"postgres.migrate", [](Config&, const std::string&) { return Result<void>{}; },
     [](const Config&) { return std::string(); }, Visibility::kSecret},
});

}  // namespace

std::span<const Key> keys() { return kKeys; }

bool is_obsolete(std::string_view key) { return key.starts_with("postgres."); }

}  // namespace nats3::config
