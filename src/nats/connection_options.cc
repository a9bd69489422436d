#include "nats/connection_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"

namespace nats3::nats {

Result<std::vector<std::string>> parse_urls(std::string_view text) {
  std::vector<std::string> urls;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view url = trim(text.substr(0, comma));
    text = comma == text.npos ? std::string_view{} : text.substr(comma + 1);
    if (url.empty()) {
      continue;
    }
    if (std::ranges::any_of(url, [](unsigned char c) { return c <= ' ' || c == 0x7f; })) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("NATS URL \"{}\" has a space or control character in it: separate "
                              "several URLs by commas",
                              url));
    }
    urls.push_back(url.find("://") == url.npos ? fmt::format("nats://{}", url) : std::string(url));
  }
  if (urls.empty()) {
    return fail(ErrorCode::kInvalid, "no NATS URL is given: set one such as nats://127.0.0.1:4222");
  }
  return urls;
}

std::string api_prefix(const ConnectionOptions& options) {
  return options.domain.empty() ? "$JS.API." : fmt::format("$JS.{}.API.", options.domain);
}

bool wants_tls(const ConnectionOptions& options) {
  return !options.ca_file.empty() || !options.certificate_file.empty() ||
         std::ranges::any_of(options.urls,
                             [](const std::string& url) { return url.starts_with("tls://"); });
}

ConnectionOptions with_tls(ConnectionOptions options) {
  for (std::string& url : options.urls) {
    const std::size_t scheme = url.find("://");
    url = fmt::format("tls://{}", scheme == url.npos ? url : url.substr(scheme + 3));
  }
  return options;
}

std::string display_urls(const std::vector<std::string>& urls) {
  std::string text;
  for (const std::string& url : urls) {
    const std::size_t scheme = url.find("://");
    const std::size_t host = scheme == url.npos ? 0 : scheme + 3;
    const std::size_t at = url.rfind('@');
    text += text.empty() ? "" : ", ";
    text += url.substr(0, host);
    text += url.substr(at == url.npos || at < host ? host : at + 1);
  }
  return text;
}

}  // namespace nats3::nats
