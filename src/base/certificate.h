// Certificates and private keys in PEM form: what is wrong with them, and what a peer says of them.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace nats3 {

// Until when the first certificate of `pem` is valid, at most Timestamp::max().
// Errors: kInvalid: it holds none.
[[nodiscard]] Result<Timestamp> certificate_expiry(std::string_view pem);

// Whether the private key in `key` is that of the first certificate of `certificates`.
// Errors: kInvalid: it isn't, there is none, or a passphrase is asked for.
[[nodiscard]] Result<void> check_private_key(std::string_view key, std::string_view certificates);

// Reads both files and makes these checks. Until when the certificate is valid. `what` it is, for
// errors: "client certificate". Errors: kInvalid, naming the file, also one that can't be read.
[[nodiscard]] Result<Timestamp> check_certificate_files(std::string_view what,
                                                        const std::string& certificate_file,
                                                        const std::string& key_file);

// The alert by which a peer ended what this thread did over TLS, in OpenSSL's words ("sslv3 alert
// bad certificate"); "" if none did. Forgets it, and all that OpenSSL has noted for this thread:
// call it before as well.
std::string take_tls_alert();

}  // namespace nats3
