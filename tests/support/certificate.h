// Certificate: what tests of TLS show to each other, made by openssl.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace nats3::test {

// A certificate that is its own authority, in a folder that is removed at the end.
class Certificate {
 public:
  Certificate();
  ~Certificate();
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;

  [[nodiscard]] std::string file() const { return folder_ / "cert.pem"; }
  [[nodiscard]] std::string key() const { return folder_ / "key.pem"; }
  // For a nats-server's configuration: only TLS gets in. `more`: what else its block of TLS has.
  [[nodiscard]] std::string config(std::string_view more = "") const;
  // The same, for clients only that show a certificate of ours.
  [[nodiscard]] std::string config_to_verify(std::string_view more = "verify: true") const;

  // A client's certificate, signed by this one, and its key.
  struct Issued {
    std::string file;
    std::string key;
  };
  // `days`: how long it is valid; -1: it was, until yesterday.
  [[nodiscard]] Issued issue(const std::string& email, int days = 2) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace nats3::test
