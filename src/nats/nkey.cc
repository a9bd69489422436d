#include "nats/nkey.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "base/ascii.h"
#include "base/ed25519.h"
#include "nats/login_file.h"

namespace nats3::nats {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t kPrefix = 2;  // of a seed
constexpr std::size_t kChecksum = 2;
constexpr std::size_t kSeedBytes = kPrefix + kEd25519Bytes + kChecksum;
constexpr std::size_t kSeedLetters = (kSeedBytes * 8 + 4) / 5;
constexpr std::uint8_t kUser = 20 << 3;

// CRC-16/XMODEM.
std::uint16_t checksum(std::span<const std::uint8_t> bytes) {
  std::uint16_t crc = 0;
  for (const std::uint8_t byte : bytes) {
    crc = static_cast<std::uint16_t>(crc ^ (byte << 8));
    for (int bit = 0; bit < 8; ++bit) {
      crc = static_cast<std::uint16_t>((crc & 0x8000) != 0 ? (crc << 1) ^ 0x1021 : crc << 1);
    }
  }
  return crc;
}

std::string encode(std::span<const std::uint8_t> bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const std::uint8_t byte : bytes) {
    bits = (bits << 8) | byte;
    for (count += 8; count >= 5; count -= 5) {
      text += kAlphabet[(bits >> (count - 5)) & 31];
    }
  }
  if (count > 0) {
    text += kAlphabet[(bits << (5 - count)) & 31];
  }
  return text;
}

// Bytes that are overwritten.
class SeedBytes {
 public:
  SeedBytes() : bytes_(kSeedBytes) {}
  // False for a text that isn't what encode() makes of as many bytes.
  bool decode(std::string_view text);
  [[nodiscard]] std::span<const std::uint8_t, kSeedBytes> view() const {
    return std::span<const std::uint8_t, kSeedBytes>(
        reinterpret_cast<const std::uint8_t*>(bytes_.view().data()), kSeedBytes);
  }

 private:
  Secret bytes_;
};

bool SeedBytes::decode(std::string_view text) {
  std::uint32_t bits = 0;
  int count = 0;
  std::size_t at = 0;
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == kAlphabet.npos) {
      return false;
    }
    bits = (bits << 5) | static_cast<std::uint32_t>(value);
    count += 5;
    if (count >= 8) {
      if (at == kSeedBytes) {
        return false;
      }
      count -= 8;
      bytes_.data()[at++] = static_cast<char>(bits >> count);
    }
  }
  return at == kSeedBytes && (bits & ((1U << count) - 1)) == 0;
}

// Whose seed begins so, "" if it isn't one's.
std::string_view kind_of(std::string_view line) {
  if (line.size() < 2 || line[0] != 'S') {
    return {};
  }
  switch (line[1]) {
    case 'U':
      return "a user";
    case 'A':
      return "an account";
    case 'O':
      return "an operator";
    case 'N':
      return "a server";
    case 'C':
      return "a cluster";
    case 'X':
      return "an encryption key";
    default:
      return {};
  }
}

bool is_word(std::string_view line) { return line.find_first_not_of(kAlphabet) == line.npos; }

Result<UserKey> parse_seed(std::string_view text) {
  SeedBytes bytes;
  if (text.size() != kSeedLetters || !bytes.decode(text)) {
    return fail(ErrorCode::kInvalid,
                fmt::format("holds a seed that isn't whole: it must be {} of the characters A to Z "
                            "and 2 to 7, not {} characters; was it copied in full?",
                            kSeedLetters, text.size()));
  }
  const auto raw = bytes.view();
  const std::uint16_t expected =
      static_cast<std::uint16_t>(raw[kSeedBytes - 2] | (raw[kSeedBytes - 1] << 8));
  if (checksum(raw.first<kSeedBytes - kChecksum>()) != expected) {
    return fail(ErrorCode::kInvalid,
                "holds a seed whose checksum is wrong: a character was changed as it was copied");
  }
  const auto public_key = ed25519_public_key(raw.subspan<kPrefix, kEd25519Bytes>());
  std::array<std::uint8_t, 1 + kEd25519Bytes + kChecksum> encoded{kUser};
  std::ranges::copy(public_key, encoded.begin() + 1);
  const std::uint16_t sum = checksum(std::span(encoded).first<1 + kEd25519Bytes>());
  encoded[encoded.size() - 2] = static_cast<std::uint8_t>(sum);
  encoded[encoded.size() - 1] = static_cast<std::uint8_t>(sum >> 8);
  return UserKey{.seed = Secret(text), .public_key = encode(encoded)};
}

}  // namespace

Result<UserKey> parse_user_key(std::string_view text) {
  bool public_key = false;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
    const std::string_view kind = is_word(line) ? kind_of(line) : std::string_view{};
    if (kind == "a user") {
      return parse_seed(line);
    }
    if (!kind.empty()) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("holds the seed of {}: nats3 needs that of a user, which begins with "
                              "SU",
                              kind));
    }
    public_key = public_key || (is_word(line) && line.starts_with('U'));
  }
  return fail(ErrorCode::kInvalid,
              public_key ? "holds a public key, which is for the server: nats3 needs the seed, "
                           "which begins with SU"
                         : "holds no seed: a line is needed that begins with SU, as `nk -gen user` "
                           "writes it");
}

Result<UserKey> read_user_key(const std::string& path) {
  return read_login_file(path)
      .and_then([](const Secret& text) { return parse_user_key(text.view()); })
      .map_error(
          [&](const Error& error) { return error.with_context(fmt::format("NKey {}", path)); });
}

}  // namespace nats3::nats
