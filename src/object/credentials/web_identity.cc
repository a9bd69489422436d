#include "object/credentials/web_identity.h"

#include <fmt/format.h>

#include <utility>

#include "base/percent.h"
#include "object/credentials/answers.h"
#include "object/credentials/token.h"

namespace nats3::object {
namespace {

class WebIdentity final : public CredentialsSource {
 public:
  explicit WebIdentity(WebIdentityOptions options)
      : options_(std::move(options)), transport_(options_.http) {}

  Result<ExpiringCredentials> fetch() override {
    return read_token(options_.token_file)
        .and_then([this](const std::string& token) { return exchange(token); })
        .map_error([this](const Error& error) {
          return error.with_context(fmt::format("credentials of {}", describe()));
        });
  }

  [[nodiscard]] std::string describe() const override {
    return fmt::format("the role {} for the token in {}", options_.role, options_.token_file);
  }

 private:
  Result<ExpiringCredentials> exchange(const std::string& token) {
    const std::string body = fmt::format(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={}&RoleSessionName={}&"
        "WebIdentityToken={}",
        percent_encode(options_.role), percent_encode(options_.session), percent_encode(token));
    const auto answer =
        transport_.send({.method = "POST",
                         .url = options_.endpoint + "/",
                         .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                         .body = body,
                         .max_answer_bytes = kMaxCredentialsAnswerBytes});
    if (!answer) {
      return fail(answer.error());
    }
    if (answer->status != 200) {
      return fail(refusal_of(*answer,
                             "does the role trust who signed the token, and is the token "
                             "renewed?"));
    }
    return parse_role_answer(answer->body);
  }

  WebIdentityOptions options_;
  Transport transport_;
};

}  // namespace

std::shared_ptr<CredentialsSource> web_identity(WebIdentityOptions options) {
  return std::make_shared<WebIdentity>(std::move(options));
}

}  // namespace nats3::object
