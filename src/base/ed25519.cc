#include "base/ed25519.h"

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

namespace nats3 {

std::array<std::uint8_t, kEd25519Bytes> ed25519_public_key(
    std::span<const std::uint8_t, kEd25519Bytes> seed) {
  std::array<std::uint8_t, kEd25519Bytes> out{};
  std::size_t size = out.size();
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()),
      &EVP_PKEY_free);
  // Any seed has one: fails only when OpenSSL is out of memory or built without the algorithm.
  if (!key || EVP_PKEY_get_raw_public_key(key.get(), out.data(), &size) != 1) {
    throw std::runtime_error("OpenSSL can't compute an ed25519 key");
  }
  return out;
}

}  // namespace nats3
