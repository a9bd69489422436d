// ConnectionOptions: where NATS is and who we are to it. Plain values.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace nats3::nats {

// What a connection is for.
enum class Traffic {
  kRequests,  // each answer is waited for
  kBulk,      // many messages at once; what is sent meanwhile may be a millisecond later
};

struct ConnectionOptions {
  std::vector<std::string> urls{"nats://127.0.0.1:4222"};  // with or without nats://
  std::string name = "nats3";
  std::string domain;  // of the JetStream to use, as behind a leaf node; "": that of the server
  // At most one way of logging in. Empty: not used. A URL's user and password work as well.
  std::string user;
  std::string password;
  std::string token;
  std::string credentials_file;  // a .creds file: JWT and seed
  std::string nkey_file;         // an NKey's seed
  std::string ca_file;           // trusted certificates; turns TLS on
  // Who we are to TLS, besides that: a certificate (and those between it and an authority) and its
  // private key, PEM. Both or neither; they turn TLS on.
  std::string certificate_file;
  std::string key_file;
  Traffic traffic = Traffic::kBulk;
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds request_timeout{5'000};
  // A server that doesn't answer is given up after about three of these.
  std::chrono::milliseconds ping_interval{3'000};
};

// Splits "a:4222, nats://b:4222" into URLs, each with its scheme.
// Errors: kInvalid for an empty list or a URL with spaces or control characters.
[[nodiscard]] Result<std::vector<std::string>> parse_urls(std::string_view text);

// What the subjects of requests to JetStream begin with, ended by a dot.
[[nodiscard]] std::string api_prefix(const ConnectionOptions& options);

// Whether they ask for TLS; a server can demand it all the same.
[[nodiscard]] bool wants_tls(const ConnectionOptions& options);

// The same ones, asking for it.
[[nodiscard]] ConnectionOptions with_tls(ConnectionOptions options);

// The URLs for people: without user and password.
[[nodiscard]] std::string display_urls(const std::vector<std::string>& urls);

}  // namespace nats3::nats
