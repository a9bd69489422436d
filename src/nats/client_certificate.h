// The certificate that nats3 shows to NATS, and those that it trusts: whether their files are
// right, and what to say where a server refuses it.
//
// Why: libnats tells a missing file, a malformed one and another's key by a number, asks at the
// terminal for a passphrase, and has no word for a refusal.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace nats3::nats {

// Nothing to check where `certificate_file` is "". Errors: kInvalid, naming the file: it can't be
// read, holds no certificate or no key, has a passphrase; or they don't belong together.
[[nodiscard]] Result<void> check_client_certificate(const std::string& certificate_file,
                                                    const std::string& key_file);

// Nothing to check where `ca_file` is "". Errors: kInvalid, naming the file: it can't be read, or
// holds no certificate.
[[nodiscard]] Result<void> check_trusted_certificates(const std::string& ca_file);

// NATS at `where` doesn't take it, or demands one where `certificate_file` is "". `words`: those of
// TLS. kDenied. Reads the file again, to tell whether the certificate has expired.
[[nodiscard]] Error client_certificate_refused(std::string_view where,
                                               const std::string& certificate_file,
                                               std::string_view words);

}  // namespace nats3::nats
