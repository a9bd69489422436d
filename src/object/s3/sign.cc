#include "object/s3/sign.h"

#include <date/date.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/ascii.h"
#include "base/digest.h"
#include "base/percent.h"

namespace nats3::object {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

// Without white space at both ends, and with one space for each run of it in between.
std::string trimmed(std::string_view value) {
  std::string out;
  bool space = false;
  for (const char c : value) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      space = true;
    } else {
      if (space && !out.empty()) {
        out += ' ';
      }
      space = false;
      out += c;
    }
  }
  return out;
}

// By name in lower case; the values of a repeated one are joined in their order.
std::map<std::string, std::string> canonical_headers(const NameValues& headers) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : headers) {
    const auto [at, is_new] = out.emplace(lower_case(name), trimmed(value));
    if (!is_new) {
      at->second += ',' + trimmed(value);
    }
  }
  return out;
}

std::string signed_headers(const NameValues& headers) {
  std::string names;
  for (const auto& [name, value] : canonical_headers(headers)) {
    names += names.empty() ? name : ';' + name;
  }
  return names;
}

std::string scope_text(const SigningScope& scope) {
  return fmt::format("{}/{}/{}/aws4_request", amz_date(scope.time).substr(0, 8), scope.region,
                     scope.service);
}

}  // namespace

std::string amz_date(Timestamp time) {
  return date::format("%Y%m%dT%H%M%SZ", date::floor<std::chrono::seconds>(time));
}

std::string encode_path(std::string_view path) { return percent_encode(path, "/"); }

std::string encode_query(const NameValues& query) {
  NameValues encoded;
  encoded.reserve(query.size());
  for (const auto& [name, value] : query) {
    encoded.emplace_back(percent_encode(name), percent_encode(value));
  }
  std::ranges::sort(encoded);
  std::string out;
  for (const auto& [name, value] : encoded) {
    out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, value);
  }
  return out;
}

std::string canonical_request(const SigningRequest& request) {
  std::string headers;
  for (const auto& [name, value] : canonical_headers(request.headers)) {
    headers += fmt::format("{}:{}\n", name, value);
  }
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, encode_path(request.path),
                     encode_query(request.query), headers, signed_headers(request.headers),
                     request.payload_hash);
}

std::string string_to_sign(const SigningRequest& request, const SigningScope& scope) {
  return fmt::format("{}\n{}\n{}\n{}", kAlgorithm, amz_date(scope.time), scope_text(scope),
                     to_hex(as_view(sha256(canonical_request(request)))));
}

std::string authorization(const SigningRequest& request, const SigningScope& scope,
                          const Credentials& credentials) {
  Sha256Digest key = hmac_sha256("AWS4" + credentials.secret, amz_date(scope.time).substr(0, 8));
  for (const std::string_view step :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")}) {
    key = hmac_sha256(as_view(key), step);
  }
  const std::string signature =
      to_hex(as_view(hmac_sha256(as_view(key), string_to_sign(request, scope))));
  return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                     credentials.access, scope_text(scope), signed_headers(request.headers),
                     signature);
}

}  // namespace nats3::object
