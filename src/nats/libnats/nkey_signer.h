// NkeySigner: signs what a server asks to have signed, while libnats dials.
//
// Why not natsOptions_SetNKeyFromSeed: it wants the public key told, reads the file once more and
// without a bound, and libnats 3.4.1 looks outside its table where a seed isn't ASCII.
// Not thread-safe.
#pragma once

#include <nats/nats.h>

#include <string>
#include <utility>

#include "nats/nkey.h"

namespace nats3::nats {

class NkeySigner {
 public:
  explicit NkeySigner(UserKey key) : key_(std::move(key)) {}
  NkeySigner(const NkeySigner&) = delete;
  NkeySigner& operator=(const NkeySigner&) = delete;

  [[nodiscard]] const std::string& public_key() const { return key_.public_key; }

  // Must outlive each dialing with these options.
  natsStatus set(natsOptions* options);

  // Whether a signature has come out since the last call that libnats can't send (see sign()).
  bool take_unsendable() { return std::exchange(unsendable_, false); }

 private:
  static natsStatus sign(char** error, unsigned char** signature, int* length, const char* nonce,
                         void* closure);

  UserKey key_;
  bool unsendable_ = false;
};

}  // namespace nats3::nats
