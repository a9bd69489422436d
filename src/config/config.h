// Config: how one nats3 server is set up, read from a TOML or YAML file and the environment.
// docs/configuration.md lists the keys. Plain values.
//
// Each key may stand in the file and in the environment (NATS3_S3_ENDPOINT for s3.endpoint); where
// both set it, the file wins, as nats-s3-connector has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "config/settings.h"

namespace nats3::config {

struct ServerConfig {
  std::string host = "0.0.0.0";  // without the brackets of an IPv6 address
  std::uint16_t port = 8080;     // 0: any free one
  // What the API asks for; both empty: it asks for nothing.
  std::string user;
  std::string password;
  // Paths of its certificate and the key of that; both or neither, and they turn TLS on.
  std::string cert;
  std::string key;
};

struct NatsConfig {
  std::string url;               // one or more, separated by commas, with or without nats://
  std::string bucket = "NATS3";  // the key-value bucket that holds the jobs
  int replicas = 1;              // of that bucket, when it's made
  std::string domain;            // of JetStream; "": that of the server at `url`
  // At most one way of logging in; all may be empty.
  std::string creds;  // path of a .creds file
  std::string nkey;   // path of an NKey's seed
  std::string user;
  std::string password;
  std::string token;
  std::string ca;  // path of trusted certificates; turns TLS on
  // Paths of our own certificate and its key; both or neither, and they turn TLS on. Besides any
  // way of logging in, or instead of one.
  std::string cert;
  std::string key;
};

enum class PathStyle { kAuto, kAlways, kNever };

// Where the credentials for S3 come from.
enum class CredentialsFrom {
  kKeys,  // access, secret and session_token
  kAws,   // where AWS's own tools would find them
};

struct S3Config {
  std::string endpoint;  // "http://host:port"; "" for AWS in `region`; see folder
  std::string folder;    // not "": no S3 but this folder; from endpoint = "file:/path"
  std::string region = "us-east-1";
  std::string access;
  std::string secret;
  std::string session_token;
  CredentialsFrom credentials = CredentialsFrom::kKeys;
  PathStyle path_style = PathStyle::kAuto;
  std::string ca;
};

struct Config {
  std::string log = "info";  // trace, debug, info, warn or error
  ServerConfig server;
  NatsConfig nats;
  S3Config s3;
  // What whoever runs the server should know about its configuration, one line each.
  std::vector<std::string> notices;
};

inline constexpr const char* kDefaultFile = "/etc/nats3/config.toml";

struct LoadOptions {
  std::optional<std::string> file;  // must exist; without it `default_file` is read if it exists
  std::string default_file = kDefaultFile;
  Variables environment;
};

// Errors: kNotFound (the file named isn't there), kDenied, kInvalid: a file that can't be read as
// what its suffix says, an unknown key with the nearest known one, a value that can't be right, a
// key that is needed and nowhere set. Each names file, line and column, or the variable.
[[nodiscard]] Result<Config> load(const LoadOptions& options);

// load() without the file: `settings` is what it says, `source` what to call it in messages.
[[nodiscard]] Result<Config> make_config(const std::vector<Setting>& settings,
                                         const Variables& environment, std::string_view source);

// The variables of this process whose names begin with `prefix`.
[[nodiscard]] Variables read_environment(std::string_view prefix = "NATS3_");

// The configuration for people, one "key = value" a line, secrets hidden.
[[nodiscard]] std::string describe(const Config& config);

// `url` without user and password.
[[nodiscard]] std::string without_credentials(std::string_view url);

}  // namespace nats3::config
