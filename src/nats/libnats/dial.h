// How libnats is told where NATS is and who we are; both kinds of connection begin with it.
#pragma once

#include <string>

#include "base/error.h"
#include "nats/connection_options.h"
#include "nats/libnats/handles.h"

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

// Servers, name, connect timeout, login, TLS. Errors: kInvalid (the option that libnats refuses).
[[nodiscard]] Result<OptionsPtr> dial_options(const ConnectionOptions& options);

// Why there is no connection to NATS at `where`: libnats' `text`, which may be nullptr, and what to
// do. kDenied where it refuses to let us in.
[[nodiscard]] Error dial_error(natsStatus status, const char* text, const std::string& where);

}  // namespace nats3::nats
