// Connections over TLS, for the server's side: TLS 1.2 and 1.3, with OpenSSL's choice of ciphers.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/transport/transport.h"
#include "base/error.h"

namespace nats3::api {

// Who the server is: a certificate and its private key, read again when their files change, for
// the connections from then on. While those files aren't right, what was read last counts.
// Thread-safe.
class TlsIdentity {
 public:
  // `certificate_file`: in PEM form, with those between it and its authority after it.
  // Errors: kInvalid, naming the file: it can't be read, holds no certificate or key, has a
  // passphrase; or they don't belong together.
  static Result<std::unique_ptr<TlsIdentity>> load(std::string certificate_file,
                                                   std::string key_file);

  // For an accepted connection, whose socket is made non-blocking. The handshake takes place with
  // the first bytes.
  [[nodiscard]] std::unique_ptr<Transport> accept(int socket);

 private:
  using Context = std::shared_ptr<SSL_CTX>;

  TlsIdentity(std::string certificate_file, std::string key_file)
      : certificate_file_(std::move(certificate_file)), key_file_(std::move(key_file)) {}
  [[nodiscard]] Result<Context> read() const;
  [[nodiscard]] std::vector<std::int64_t> stamp() const;
  [[nodiscard]] Context current();

  const std::string certificate_file_;
  const std::string key_file_;
  std::mutex mutex_;
  Context context_;
  std::vector<std::int64_t> stamp_;  // of the files when they were looked at last
};

}  // namespace nats3::api
