// What to say where the server refuses something. `where`: NATS' address; `words`: the server's.
// Pure.
#pragma once

#include <string_view>

#include "base/error.h"

namespace nats3::nats {

// It doesn't let us in: kDenied.
[[nodiscard]] Error login_refused(std::string_view where, std::string_view words);

// The same with an NKey: kDenied, naming the public key.
[[nodiscard]] Error nkey_refused(std::string_view where, std::string_view public_key,
                                 std::string_view words);

// We lack a permission to publish or to subscribe to what the words name: kDenied.
[[nodiscard]] Error permission_refused(std::string_view where, std::string_view words);

}  // namespace nats3::nats
