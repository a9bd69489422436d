// Login: who may use the API, where it asks for a name and a password (HTTP Basic, RFC 7617, which
// browsers, curl and Prometheus know). A value: any thread.
#pragma once

#include <string>
#include <string_view>

#include "api/http.h"

namespace nats3::api {

class Login {
 public:
  // Whoever asks may use it.
  Login() = default;
  // `user` is without a colon, and not empty.
  Login(std::string_view user, std::string_view password);

  // Whether a request with this header Authorization ("" when it has none) is let in. Takes as long
  // for one wrong password as for another.
  [[nodiscard]] bool admits(std::string_view authorization) const;

 private:
  std::string expected_;  // "" when none is
};

// The answer to who isn't let in: a browser asks for name and password.
[[nodiscard]] HttpResponse login_needed();

}  // namespace nats3::api
