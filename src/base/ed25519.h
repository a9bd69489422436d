// The public key of an ed25519 seed, over OpenSSL. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace nats3 {

inline constexpr std::size_t kEd25519Bytes = 32;  // of a seed, and of a public key

// Source: RFC 8032, section 5.1.5.
[[nodiscard]] std::array<std::uint8_t, kEd25519Bytes> ed25519_public_key(
    std::span<const std::uint8_t, kEd25519Bytes> seed);

}  // namespace nats3
