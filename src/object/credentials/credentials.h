// Credentials: the keys that requests to S3 are signed with, and where they come from.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"

namespace nats3::object {

struct Credentials {
  std::string access;  // access key id
  std::string secret;
  std::string session_token;  // "" unless they are temporary

  bool operator==(const Credentials&) const = default;
};

struct ExpiringCredentials {
  Credentials keys;
  std::optional<Timestamp> expires;  // nothing: not before somebody revokes them
};

class CredentialsSource {
 public:
  virtual ~CredentialsSource() = default;

  // Gets them anew; may read files, and wait some seconds for answers. One call at a time.
  // Errors: kUnavailable (who gives them out is away), kDenied (there are none, or not for us),
  // kInvalid (no request can be made with what is configured).
  [[nodiscard]] virtual Result<ExpiringCredentials> fetch() = 0;

  // For people: "the role R by the web identity in /path". Any thread.
  [[nodiscard]] virtual std::string describe() const = 0;
};

// Whether a request can carry them: both keys set, no control characters, since they become parts
// of headers. Errors: kInvalid, without the secret.
[[nodiscard]] Result<void> check_credentials(const Credentials& keys);

// Always `keys`; `from` is what describe() says.
[[nodiscard]] std::shared_ptr<CredentialsSource> fixed_credentials(
    Credentials keys, std::string from = "the configuration");

}  // namespace nats3::object
