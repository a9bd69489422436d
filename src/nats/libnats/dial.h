// How libnats is told where NATS is and who we are; both kinds of connection begin with it.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "nats/connection_options.h"
#include "nats/libnats/handles.h"
#include "nats/libnats/nkey_signer.h"

namespace nats3::nats {

// Runs a chain of natsOptions_* calls and remembers the first that failed, by name.
class OptionSetter {
 public:
  void check(natsStatus status, const char* option);
  // Errors: kInvalid.
  [[nodiscard]] const Result<void>& result() const { return result_; }

 private:
  Result<void> result_;
};

// "_INBOX.<unique>.": what reply subjects begin with.
[[nodiscard]] Result<std::string> make_inbox_prefix();

// A connection that is about to be made. Holds secrets, so not for longer than that. Not
// thread-safe.
class Dial {
 public:
  // Servers, name, connect timeout, login, TLS; reads the files that the options name, as they are
  // now. Errors: kInvalid: an option that libnats refuses, a file that isn't there or isn't right.
  static Result<Dial> prepare(const ConnectionOptions& options);

  // For what else is to be set.
  [[nodiscard]] natsOptions* options() { return options_.get(); }

  // Takes up to the connect timeout for each server. The connection mustn't reconnect. The caller
  // owns it. Errors: kUnavailable; kDenied where the server refuses to let us in, or our
  // certificate.
  Result<natsConnection*> connect();

 private:
  Dial(std::unique_ptr<NkeySigner> signer, OptionsPtr options, const ConnectionOptions& connection);
  [[nodiscard]] Error failure(natsStatus status, const char* text) const;

  std::unique_ptr<NkeySigner> signer_;  // nullptr: none; options_ points at it
  OptionsPtr options_;
  std::string where_;             // for messages
  std::string certificate_file_;  // "": none is shown
};

// Why there is no connection to NATS at `where`: libnats' `text`, which may be nullptr, and what to
// do. kDenied where it refuses to let us in.
[[nodiscard]] Error dial_error(natsStatus status, const char* text, const std::string& where);

}  // namespace nats3::nats
