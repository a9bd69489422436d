#include "nats/libnats/nkey_signer.h"

namespace nats3::nats {

natsStatus NkeySigner::set(natsOptions* options) {
  return natsOptions_SetNKey(options, key_.public_key.c_str(), sign, this);
}

// libnats before 3.8 takes a signature that begins with a zero byte, as one in 256 does, for none,
// and the server refuses us (https://github.com/nats-io/nats.c/pull/705). The next connection has
// another nonce.
natsStatus NkeySigner::sign(char**, unsigned char** signature, int* length, const char* nonce,
                            void* closure) {
  auto& self = *static_cast<NkeySigner*>(closure);
  *signature = nullptr;
  *length = 0;
  if (nonce == nullptr || *nonce == '\0') {
    return NATS_OK;  // the server asks nobody: it knows no NKeys
  }
  const natsStatus status = nats_Sign(self.key_.seed.c_str(), nonce, signature, length);
  self.unsendable_ = self.unsendable_ || (status == NATS_OK && **signature == 0);
  return status;
}

}  // namespace nats3::nats
