#include "nats/client_certificate.h"

#include <fmt/format.h>

#include "base/certificate.h"
#include "base/clock.h"
#include "base/time_text.h"
#include "nats/login_file.h"

namespace nats3::nats {

Result<void> check_client_certificate(const std::string& certificate_file,
                                      const std::string& key_file) {
  if (certificate_file.empty()) {
    return {};
  }
  return check_certificate_files("client certificate", certificate_file, key_file)
      .map([](Timestamp) {});
}

Result<void> check_trusted_certificates(const std::string& ca_file) {
  if (ca_file.empty()) {
    return {};
  }
  return read_login_file(ca_file)
      .and_then([](const Secret& pem) { return certificate_expiry(pem.view()); })
      .map([](Timestamp) {})
      .map_error([&](const Error& error) { return error.with_context("CA file " + ca_file); });
}

Error client_certificate_refused(std::string_view where, const std::string& certificate_file,
                                 std::string_view words) {
  if (certificate_file.empty()) {
    return {ErrorCode::kDenied,
            fmt::format("NATS at {} demands a client certificate ({}): set nats.cert and nats.key",
                        where, words)};
  }
  const auto expiry = read_login_file(certificate_file).and_then([](const Secret& pem) {
    return certificate_expiry(pem.view());
  });
  const bool expired = expiry && *expiry < Clock::system().now();
  return {ErrorCode::kDenied,
          fmt::format("NATS at {} refuses the client certificate {} ({}): {}", where,
                      certificate_file, words,
                      expired ? fmt::format("it expired on {:.10}: renew it", format_time(*expiry))
                              : "is it signed, for clients, by an authority of the server's "
                                "ca_file, and valid?")};
}

}  // namespace nats3::nats
