#include "object/credentials/credentials.h"

#include <algorithm>
#include <utility>

#include "base/ascii.h"

namespace nats3::object {
namespace {

class FixedCredentials final : public CredentialsSource {
 public:
  FixedCredentials(Credentials keys, std::string from)
      : keys_(std::move(keys)), from_(std::move(from)) {}

  Result<ExpiringCredentials> fetch() override {
    return check_credentials(keys_).map(
        [this] { return ExpiringCredentials{keys_, std::nullopt}; });
  }

  [[nodiscard]] std::string describe() const override { return from_; }

 private:
  Credentials keys_;
  std::string from_;
};

}  // namespace

Result<void> check_credentials(const Credentials& keys) {
  if (keys.access.empty() || keys.secret.empty()) {
    return fail(ErrorCode::kInvalid, "S3 needs an access key and a secret key: set both");
  }
  if (has_control(keys.access) || has_control(keys.secret) || has_control(keys.session_token)) {
    return fail(ErrorCode::kInvalid,
                "S3's access key, secret key or session token has a control character, perhaps a "
                "line break at its end");
  }
  return {};
}

std::shared_ptr<CredentialsSource> fixed_credentials(Credentials keys, std::string from) {
  return std::make_shared<FixedCredentials>(std::move(keys), std::move(from));
}

}  // namespace nats3::object
