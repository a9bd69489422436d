#include "object/s3/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "object/aws_endpoint.h"
#include "object/s3/sign.h"

namespace nats3::object {
namespace {

tl::unexpected<Error> bad_endpoint(std::string_view endpoint) {
  return fail(ErrorCode::kInvalid,
              fmt::format("'{}' is not an S3 endpoint: give http://host:port or https://host:port",
                          printable(endpoint)));
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
         c == '[' || c == ']' || c == ':';
}

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port > 0 && port < 65536;
}

// "Host:80" of http becomes "host": what curl sends, and so what is signed.
Result<std::string> host_header(std::string_view authority, std::string_view default_port,
                                std::string_view endpoint) {
  const std::string host = lower_case(std::string(authority));
  if (host.empty() || !std::ranges::all_of(host, is_host_character)) {
    return bad_endpoint(endpoint);
  }
  const std::size_t colon = host.rfind(':');
  const bool has_port = colon != host.npos && host.find(']', colon) == host.npos;
  if (!has_port) {
    return host;
  }
  const std::string port = host.substr(colon + 1);
  if (colon == 0 || !is_port(port)) {
    return bad_endpoint(endpoint);
  }
  return port == default_port ? host.substr(0, colon) : host;
}

}  // namespace

Result<Endpoint> Endpoint::make(const S3Options& options) {
  const std::string text =
      options.endpoint.empty() ? aws_endpoint("s3", options.region) : options.endpoint;
  Endpoint endpoint;
  const std::size_t colon = text.find("://");
  endpoint.scheme_ = colon == text.npos ? "" : text.substr(0, colon);
  if (endpoint.scheme_ != "http" && endpoint.scheme_ != "https") {
    return bad_endpoint(text);
  }
  std::string_view authority = std::string_view(text).substr(colon + 3);
  if (authority.ends_with('/')) {
    authority.remove_suffix(1);
  }
  auto host = host_header(authority, endpoint.is_https() ? "443" : "80", text);
  if (!host) {
    return fail(std::move(host.error()));
  }
  endpoint.host_ = std::move(*host);
  endpoint.addressing_ = options.addressing;
  if (options.addressing == Addressing::kAuto) {
    endpoint.addressing_ = options.endpoint.empty() ? Addressing::kVirtualHost : Addressing::kPath;
  }
  return endpoint;
}

Target Endpoint::target(std::string_view bucket, std::string_view key) const {
  // A dot in the bucket's name makes a host that no wildcard certificate covers.
  const bool path =
      addressing_ == Addressing::kPath || (is_https() && bucket.find('.') != bucket.npos);
  if (path) {
    return {host_, key.empty() ? fmt::format("/{}", bucket) : fmt::format("/{}/{}", bucket, key)};
  }
  return {fmt::format("{}.{}", bucket, host_), fmt::format("/{}", key)};
}

std::string Endpoint::url(const Target& target) const {
  return fmt::format("{}://{}{}", scheme_, target.host, encode_path(target.path));
}

}  // namespace nats3::object
