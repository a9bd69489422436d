#include "nats/libnats/dial.h"

#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "base/certificate.h"
#include "nats/client_certificate.h"
#include "nats/libnats/status.h"
#include "nats/refusal.h"

namespace nats3::nats {
namespace {

// With a signature that libnats can't send: one in 256 connections needs a second one.
constexpr int kAttempts = 4;

// libnats' text begins with where in its source it was made: "(conn.c:2088): ".
std::string_view without_place(std::string_view text) {
  const std::size_t end = text.find("): ");
  return text.starts_with('(') && end != text.npos ? text.substr(end + 3) : text;
}

bool is_alert_about_certificate(std::string_view words) {
  const auto has = [&](std::string_view part) { return words.find(part) != words.npos; };
  return has("alert") && (has("certificate") || has("unknown ca"));
}

void set_login(natsOptions* raw, const ConnectionOptions& options, OptionSetter& set) {
  if (!options.user.empty()) {
    set.check(natsOptions_SetUserInfo(raw, options.user.c_str(), options.password.c_str()), "user");
  }
  if (!options.token.empty()) {
    set.check(natsOptions_SetToken(raw, options.token.c_str()), "token");
  }
  if (!options.credentials_file.empty()) {
    set.check(
        natsOptions_SetUserCredentialsFromFiles(raw, options.credentials_file.c_str(), nullptr),
        "credentials file");
  }
  // libnats itself makes nothing of the scheme tls://.
  if (wants_tls(options)) {
    set.check(natsOptions_SetSecure(raw, true), "TLS");
  }
  if (!options.ca_file.empty()) {
    set.check(natsOptions_LoadCATrustedCertificates(raw, options.ca_file.c_str()), "CA file");
  }
  if (!options.certificate_file.empty()) {
    set.check(natsOptions_LoadCertificatesChain(raw, options.certificate_file.c_str(),
                                                options.key_file.c_str()),
              "client certificate");
  }
}

}  // namespace

void OptionSetter::check(natsStatus status, const char* option) {
  if (status != NATS_OK && result_) {
    result_ = fail(ErrorCode::kInvalid,
                   fmt::format("NATS option {}: {}", option, natsStatus_GetText(status)));
  }
}

Result<std::string> make_inbox_prefix() {
  natsInbox* inbox = nullptr;
  if (const natsStatus status = natsInbox_Create(&inbox); status != NATS_OK) {
    return fail(to_error(status, "making an inbox"));
  }
  return fmt::format("{}.", InboxPtr(inbox).get());
}

Result<Dial> Dial::prepare(const ConnectionOptions& options) {
  if (auto good = check_client_certificate(options.certificate_file, options.key_file); !good) {
    return fail(good.error());
  }
  if (auto good = check_trusted_certificates(options.ca_file); !good) {
    return fail(good.error());
  }
  natsOptions* raw = nullptr;
  if (const natsStatus status = natsOptions_Create(&raw); status != NATS_OK) {
    return fail(to_error(status, "starting libnats"));
  }
  OptionsPtr made(raw);
  OptionSetter set;
  std::unique_ptr<NkeySigner> signer;
  if (!options.nkey_file.empty()) {
    auto key = read_user_key(options.nkey_file);
    if (!key) {
      return fail(key.error());
    }
    signer = std::make_unique<NkeySigner>(std::move(*key));
    set.check(signer->set(raw), "NKey");
  }
  std::vector<const char*> urls;
  for (const std::string& url : options.urls) {
    urls.push_back(url.c_str());
  }
  set.check(natsOptions_SetServers(raw, urls.data(), static_cast<int>(urls.size())), "URL");
  set.check(natsOptions_SetName(raw, options.name.c_str()), "name");
  set.check(natsOptions_SetTimeout(raw, options.connect_timeout.count()), "connect timeout");
  set_login(raw, options, set);
  if (!set.result()) {
    return fail(set.result().error());
  }
  return Dial(std::move(signer), std::move(made), options);
}

Dial::Dial(std::unique_ptr<NkeySigner> signer, OptionsPtr options,
           const ConnectionOptions& connection)
    : signer_(std::move(signer)),
      options_(std::move(options)),
      where_(display_urls(connection.urls)),
      certificate_file_(connection.certificate_file) {}

Result<natsConnection*> Dial::connect() {
  natsConnection* connection = nullptr;
  for (int attempts_left = kAttempts;;) {
    take_tls_alert();
    const natsStatus status = natsConnection_Connect(&connection, options_.get());
    if (status == NATS_OK) {
      return connection;
    }
    if (!signer_ || !signer_->take_unsendable() || --attempts_left == 0) {
      return fail(failure(status, nats_GetLastError(nullptr)));
    }
  }
}

// With TLS 1.3 a server looks at our certificate when the handshake is over for us, and libnats
// takes its alert for the end of the connection.
Error Dial::failure(natsStatus status, const char* text) const {
  const std::string alert = take_tls_alert();
  const std::string_view words = alert.empty() ? without_place(text == nullptr ? "" : text) : alert;
  if (is_alert_about_certificate(words)) {
    return client_certificate_refused(where_, certificate_file_, words);
  }
  if (status == NATS_CONNECTION_AUTH_FAILED && signer_) {
    return nkey_refused(where_, signer_->public_key(), words);
  }
  return dial_error(status, alert.empty() ? text : alert.c_str(), where_);
}

Error dial_error(natsStatus status, const char* text, const std::string& where) {
  std::string_view why = without_place(text == nullptr ? "" : text);
  if (why.empty()) {
    why = natsStatus_GetText(status);
  }
  if (status == NATS_CONNECTION_AUTH_FAILED) {
    return login_refused(where, why);
  }
  if (why == natsStatus_GetText(NATS_NO_SERVER)) {
    why = "no server answers: is it running, and is that its address?";
  }
  return {code_of(status), fmt::format("no connection to NATS at {}: {}", where, why)};
}

}  // namespace nats3::nats
