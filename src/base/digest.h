// Digests over OpenSSL and xxHash, so that callers hold values and not contexts.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace nats3 {

using Sha256Digest = std::array<std::uint8_t, 32>;
using Md5Digest = std::array<std::uint8_t, 16>;

[[nodiscard]] Sha256Digest sha256(std::string_view data);
[[nodiscard]] Sha256Digest hmac_sha256(std::string_view key, std::string_view data);
[[nodiscard]] Md5Digest md5(std::string_view data);
[[nodiscard]] std::uint64_t xxh3_64(std::string_view data);

// SHA-256 of data that comes in pieces. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  void update(std::string_view data);
  // Of what came until now; more may come.
  [[nodiscard]] Sha256Digest so_far() const;
  // Call once, last.
  [[nodiscard]] Sha256Digest finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The bytes of a digest as a view, for encoders below. Valid as long as the digest.
template <std::size_t N>
[[nodiscard]] std::string_view as_view(const std::array<std::uint8_t, N>& digest) {
  return {reinterpret_cast<const char*>(digest.data()), N};
}

// Whether a secret is the one that is expected, in a time that tells nothing but its length.
[[nodiscard]] bool is_secret(std::string_view given, std::string_view expected);

[[nodiscard]] std::string to_hex(std::string_view data);
[[nodiscard]] std::string to_base64(std::string_view data);
// Errors: kInvalid for anything but RFC 4648 base64 with its padding.
[[nodiscard]] Result<std::string> from_base64(std::string_view text);

}  // namespace nats3
