#include "object/credentials/answers.h"

#include <fmt/format.h>

#include <pugixml.hpp>

#include "base/json.h"
#include "base/time_text.h"
#include "object/keys.h"

namespace nats3::object {
namespace {

tl::unexpected<Error> no_credentials(std::string_view why) {
  return fail(ErrorCode::kUnavailable, fmt::format("the answer has no credentials: {}", why));
}

Result<ExpiringCredentials> with_expiry(Credentials keys, const std::string& expires) {
  if (keys.access.empty() || keys.secret.empty()) {
    return no_credentials("a key is missing");
  }
  if (expires.empty()) {
    return ExpiringCredentials{std::move(keys), std::nullopt};
  }
  const auto time = parse_time(expires);
  if (!time) {
    return no_credentials(fmt::format("'{}' is no time at which they end", printable(expires)));
  }
  return ExpiringCredentials{std::move(keys), *time};
}

// The text under `name`, or "" when there is none.
std::string text_of(const Json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

struct Complaint {
  std::string code;
  std::string message;
};

Complaint complaint_of(std::string_view body) {
  pugi::xml_document document;
  if (document.load_buffer(body.data(), body.size())) {
    const pugi::xml_node root = document.document_element();
    const pugi::xml_node error = root.child("Error") ? root.child("Error") : root;
    return {error.child_value("Code"), error.child_value("Message")};
  }
  const auto json = parse_json(body);
  return json ? Complaint{text_of(*json, "code"), text_of(*json, "message")} : Complaint{};
}

}  // namespace

Result<ExpiringCredentials> parse_key_document(std::string_view json) {
  const auto document = parse_json(json);
  if (!document || !document->is_object()) {
    return no_credentials("it is not a JSON object");
  }
  const std::string code = text_of(*document, "Code");
  if (!code.empty() && code != "Success") {
    return fail(ErrorCode::kDenied, fmt::format("there are no credentials: {} {}", printable(code),
                                                printable(text_of(*document, "Message"))));
  }
  return with_expiry({text_of(*document, "AccessKeyId"), text_of(*document, "SecretAccessKey"),
                      text_of(*document, "Token")},
                     text_of(*document, "Expiration"));
}

Result<ExpiringCredentials> parse_role_answer(std::string_view xml) {
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8)) {
    return no_credentials("it is not XML");
  }
  const pugi::xml_node keys = document.child("AssumeRoleWithWebIdentityResponse")
                                  .child("AssumeRoleWithWebIdentityResult")
                                  .child("Credentials");
  if (!keys) {
    return no_credentials("it is not of AssumeRoleWithWebIdentity");
  }
  return with_expiry({keys.child_value("AccessKeyId"), keys.child_value("SecretAccessKey"),
                      keys.child_value("SessionToken")},
                     keys.child_value("Expiration"));
}

Error refusal_of(const HttpAnswer& answer, std::string_view advice) {
  const auto [code, message] = complaint_of(answer.body);
  std::string text = fmt::format("HTTP {}", answer.status);
  if (!code.empty()) {
    text += ' ' + printable(code);
  }
  if (!message.empty()) {
    text += fmt::format(" ({})", printable(message));
  }
  const bool is_busy = answer.status == 429 || answer.status / 100 == 5 ||
                       code.starts_with("Throttl") || code == "RequestLimitExceeded" ||
                       code == "IDPCommunicationError";
  if (is_busy) {
    return {ErrorCode::kUnavailable, std::move(text)};
  }
  return {ErrorCode::kDenied, fmt::format("{}; {}", text, advice)};
}

}  // namespace nats3::object
