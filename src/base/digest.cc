#include "base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <xxhash.h>

#include <stdexcept>

namespace nats3 {
namespace {

const unsigned char* bytes(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

template <std::size_t N>
std::array<std::uint8_t, N> digest(const EVP_MD* kind, std::string_view data) {
  std::array<std::uint8_t, N> out{};
  // Fails only when OpenSSL is out of memory or built without the algorithm: nothing to go on with.
  if (EVP_Digest(data.data(), data.size(), out.data(), nullptr, kind, nullptr) != 1) {
    throw std::runtime_error("OpenSSL can't compute a digest");
  }
  return out;
}

}  // namespace

Sha256Digest sha256(std::string_view data) { return digest<32>(EVP_sha256(), data); }

Md5Digest md5(std::string_view data) { return digest<16>(EVP_md5(), data); }

Sha256Digest hmac_sha256(std::string_view key, std::string_view data) {
  Sha256Digest out{};
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes(data), data.size(), out.data(),
       nullptr);
  return out;
}

std::uint64_t xxh3_64(std::string_view data) { return XXH3_64bits(data.data(), data.size()); }

struct Sha256::Impl {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                  &EVP_MD_CTX_free};

  Sha256Digest finish() {
    Sha256Digest out{};
    EVP_DigestFinal_ex(context.get(), out.data(), nullptr);
    return out;
  }
};

Sha256::Sha256() : impl_(std::make_unique<Impl>()) {
  if (EVP_DigestInit_ex(impl_->context.get(), EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL can't compute a digest");
  }
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view data) {
  EVP_DigestUpdate(impl_->context.get(), data.data(), data.size());
}

Sha256Digest Sha256::so_far() const {
  Impl copy;
  if (EVP_MD_CTX_copy_ex(copy.context.get(), impl_->context.get()) != 1) {
    throw std::runtime_error("OpenSSL can't compute a digest");
  }
  return copy.finish();
}

Sha256Digest Sha256::finish() { return impl_->finish(); }

bool is_secret(std::string_view given, std::string_view expected) {
  return given.size() == expected.size() &&
         CRYPTO_memcmp(given.data(), expected.data(), given.size()) == 0;
}

std::string to_hex(std::string_view data) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(data.size() * 2);
  for (const char c : data) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

std::string to_base64(std::string_view data) {
  std::string out((data.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a NUL
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes(data),
                                   static_cast<int>(data.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

Result<std::string> from_base64(std::string_view text) {
  const auto bad = [] { return fail(ErrorCode::kInvalid, "not base64 (RFC 4648, with padding)"); };
  if (text.size() % 4 != 0) {
    return bad();
  }
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  // EVP_DecodeBlock skips white space and takes padding anywhere: not what was written.
  if (text.substr(0, text.size() - padding).find_first_not_of(kAlphabet) != text.npos) {
    return bad();
  }
  std::string out(text.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes(text),
                      static_cast<int>(text.size())) < 0) {
    return bad();
  }
  out.resize(out.size() - padding);
  // The bits that padding leaves over are zero (section 3.5): one text for the same bytes.
  if (padding > 0 &&
      to_base64(std::string_view(out).substr(out.size() / 3 * 3)) != text.substr(text.size() - 4)) {
    return bad();
  }
  return out;
}

}  // namespace nats3
