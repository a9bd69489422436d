// NKeys: a user known by an ed25519 key. The seed, which is the secret, signs what a server asks to
// have signed; the server knows the public key.
//
// Text: base32 (RFC 4648, no padding) of prefix, 32 bytes and a CRC-16, low byte first. Prefix of a
// public key: its kind; of a seed: "S" and the kind, 5 bits each. So a user's seed begins with
// "SU", its public key with "U". Source: https://github.com/nats-io/nkeys (strkey.go, crc16.go)
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/secret.h"

namespace nats3::nats {

struct UserKey {
  Secret seed;             // "SU..."
  std::string public_key;  // "U..."
};

// The user's key whose seed is the first one among the lines of `text`: alone, as `nk -gen user`
// writes it, or among others, as in a .creds file. Any input. Errors: kInvalid, without anything of
// the text: no seed; one that is another's (an account's) or isn't whole.
[[nodiscard]] Result<UserKey> parse_user_key(std::string_view text);

// The same of a file. Errors: kInvalid, naming it; it can't be read, too.
[[nodiscard]] Result<UserKey> read_user_key(const std::string& path);

}  // namespace nats3::nats
