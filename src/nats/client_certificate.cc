#include "nats/client_certificate.h"

#include <fmt/format.h>

#include "base/certificate.h"
#include "base/clock.h"
#include "base/time_text.h"
#include "nats/login_file.h"

namespace nats3::nats {
namespace {

auto in(std::string_view what, const std::string& file) {
  return [context = fmt::format("{} {}", what, file)](const Error& error) {
    return error.with_context(context);
  };
}

}  // namespace

Result<void> check_client_certificate(const std::string& certificate_file,
                                      const std::string& key_file) {
  if (certificate_file.empty()) {
    return {};
  }
  const auto in_certificate = in("client certificate", certificate_file);
  const auto in_key = in("key of the client certificate", key_file);
  const auto certificate = read_login_file(certificate_file).map_error(in_certificate);
  if (!certificate) {
    return fail(certificate.error());
  }
  if (auto expiry = certificate_expiry(certificate->view()); !expiry) {
    return fail(in_certificate(expiry.error()));
  }
  const auto key = read_login_file(key_file).map_error(in_key);
  if (!key) {
    return fail(key.error());
  }
  return check_private_key(key->view(), certificate->view()).map_error(in_key);
}

Result<void> check_trusted_certificates(const std::string& ca_file) {
  if (ca_file.empty()) {
    return {};
  }
  return read_login_file(ca_file)
      .and_then([](const Secret& pem) { return certificate_expiry(pem.view()); })
      .map([](Timestamp) {})
      .map_error(in("CA file", ca_file));
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
