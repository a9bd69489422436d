#include "object/credentials/metadata.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/ascii.h"
#include "object/credentials/answers.h"
#include "object/credentials/token.h"
#include "object/http/transport.h"
#include "object/keys.h"

namespace nats3::object {
namespace {

// They are a hop away at most, and never behind a proxy.
HttpOptions nearby(std::string ca_file = {}) {
  return {.connect_timeout = std::chrono::milliseconds{2'000},
          .attempt_timeout = std::chrono::milliseconds{5'000},
          .ca_file = std::move(ca_file),
          .may_use_proxy = false};
}

bool is_trusted(std::string_view url) {
  constexpr std::array<std::string_view, 6> kHosts{
      "127.0.0.1", "localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
  constexpr std::string_view kHttp = "http://";
  if (url.starts_with("https://")) {
    return true;
  }
  if (!url.starts_with(kHttp)) {
    return false;
  }
  url.remove_prefix(kHttp.size());
  const std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  return authority.find('@') == authority.npos &&
         std::ranges::any_of(kHosts, [authority](std::string_view host) {
           return authority.starts_with(host) &&
                  (authority.size() == host.size() || authority[host.size()] == ':');
         });
}

bool is_role_name(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    constexpr std::string_view kAlso = "+=,.@-_";
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kAlso.find(c) != kAlso.npos;
  });
}

class ContainerRole final : public CredentialsSource {
 public:
  explicit ContainerRole(ContainerOptions options)
      : options_(std::move(options)), transport_(nearby(options_.ca_file)) {}

  Result<ExpiringCredentials> fetch() override {
    return token()
        .and_then([this](const std::string& token) { return ask(token); })
        .map_error([this](const Error& error) {
          return error.with_context(fmt::format("credentials of {}", describe()));
        });
  }

  [[nodiscard]] std::string describe() const override {
    return fmt::format("this container's role at {}", printable(options_.url));
  }

 private:
  Result<std::string> token() {
    if (!options_.token_file.empty()) {
      return read_token(options_.token_file);
    }
    if (has_control(options_.token)) {  // it becomes a part of a header
      return fail(ErrorCode::kDenied, "the token for it has a line break or the like");
    }
    return options_.token;
  }

  Result<ExpiringCredentials> ask(const std::string& token) {
    HttpRequest request{
        .method = "GET", .url = options_.url, .max_answer_bytes = kMaxCredentialsAnswerBytes};
    if (!token.empty()) {
      request.headers.emplace_back("Authorization", token);
    }
    const auto answer = transport_.send(request);
    if (!answer) {
      return fail(answer.error());
    }
    if (answer->status != 200) {
      return fail(refusal_of(*answer, "has this container a role?"));
    }
    return parse_key_document(answer->body);
  }

  ContainerOptions options_;
  Transport transport_;
};

class InstanceRole final : public CredentialsSource {
 public:
  explicit InstanceRole(std::string endpoint)
      : endpoint_(std::move(endpoint)), transport_(nearby()) {}

  Result<ExpiringCredentials> fetch() override {
    return ask().map_error([this](const Error& error) {
      return error.with_context(fmt::format("credentials of {}", describe()));
    });
  }

  [[nodiscard]] std::string describe() const override {
    return fmt::format("this EC2 instance's role at {}", printable(endpoint_));
  }

 private:
  Result<ExpiringCredentials> ask() {
    const auto token =
        send("PUT", "/latest/api/token", {{"X-aws-ec2-metadata-token-ttl-seconds", "60"}},
             "is the metadata service enabled for this instance?");
    if (!token && token.error().code == ErrorCode::kUnavailable) {
      return fail(ErrorCode::kUnavailable,
                  token.error().message +
                      "; is this an EC2 instance? In a container its hop limit must be 2");
    }
    if (!token) {
      return fail(token.error());
    }
    if (token->find_first_of("\r\n") != token->npos) {
      return fail(ErrorCode::kUnavailable, "what answers there is no instance metadata");
    }
    const NameValues headers{{"X-aws-ec2-metadata-token", *token}};
    constexpr std::string_view kRoles = "/latest/meta-data/iam/security-credentials/";
    const auto roles =
        send("GET", kRoles, headers, "give the instance a role, or set s3.access and s3.secret");
    if (!roles) {
      return fail(roles.error());
    }
    const std::string role = roles->substr(0, roles->find_first_of("\r\n"));
    if (!is_role_name(role)) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("'{}' is no name of a role", printable(role)));
    }
    return send("GET", fmt::format("{}{}", kRoles, role), headers, "has the instance this role?")
        .and_then([](const std::string& body) { return parse_key_document(body); });
  }

  Result<std::string> send(std::string method, std::string_view path, NameValues headers,
                           std::string_view advice) {
    auto answer = transport_.send({.method = std::move(method),
                                   .url = fmt::format("{}{}", endpoint_, path),
                                   .headers = std::move(headers),
                                   .max_answer_bytes = kMaxCredentialsAnswerBytes});
    if (!answer) {
      return fail(std::move(answer.error()));
    }
    if (answer->status != 200) {
      return fail(refusal_of(*answer, advice));
    }
    return std::move(answer->body);
  }

  std::string endpoint_;
  Transport transport_;
};

}  // namespace

Result<std::shared_ptr<CredentialsSource>> container_role(ContainerOptions options) {
  if (!is_trusted(options.url)) {
    return fail(ErrorCode::kInvalid,
                fmt::format("'{}' gives out no credentials: it must be https, or http to this "
                            "machine or to AWS's own addresses",
                            printable(options.url)));
  }
  return std::make_shared<ContainerRole>(std::move(options));
}

std::shared_ptr<CredentialsSource> instance_role(std::string endpoint) {
  return std::make_shared<InstanceRole>(std::move(endpoint));
}

}  // namespace nats3::object
