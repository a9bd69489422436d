#include "base/certificate.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>
#include <utility>

#include "base/small_file.h"

namespace nats3 {
namespace {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* value) const {
    Free(value);
  }
};
using Bio = std::unique_ptr<BIO, Freer<BIO_free>>;
using X509Ptr = std::unique_ptr<X509, Freer<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;

// What OpenSSL notes of an error, others would take for that of their own next call.
struct ErrorsCleared {
  ErrorsCleared() = default;
  ~ErrorsCleared() { ERR_clear_error(); }
  ErrorsCleared(const ErrorsCleared&) = delete;
  ErrorsCleared& operator=(const ErrorsCleared&) = delete;
};

Bio reader_of(std::string_view pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Without this OpenSSL asks at the terminal, and waits.
int note_passphrase(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

Result<X509Ptr> read_certificate(std::string_view pem) {
  const Bio bio = reader_of(pem);
  bool asked = false;
  X509Ptr certificate(PEM_read_bio_X509(bio.get(), nullptr, note_passphrase, &asked));
  if (!certificate) {
    return fail(ErrorCode::kInvalid,
                "holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)");
  }
  return certificate;
}

Result<PrivateKey> read_private_key(std::string_view pem) {
  const Bio bio = reader_of(pem);
  bool asked = false;
  PrivateKey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, note_passphrase, &asked));
  if (asked) {
    return fail(ErrorCode::kInvalid,
                "is encrypted, and there is nobody to ask for its passphrase: write it without one "
                "(openssl pkey -in FILE -out NEW), readable by nats3 only");
  }
  if (!key) {
    return fail(ErrorCode::kInvalid,
                "holds no private key in PEM form (-----BEGIN PRIVATE KEY-----)");
  }
  return key;
}

}  // namespace

Result<Timestamp> certificate_expiry(std::string_view pem) {
  const ErrorsCleared cleared;
  const auto certificate = read_certificate(pem);
  if (!certificate) {
    return fail(certificate.error());
  }
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate->get()), &time) != 1) {
    return fail(ErrorCode::kInvalid, "holds a certificate with a malformed time");
  }
  const std::chrono::sys_seconds end{std::chrono::seconds{::timegm(&time)}};
  constexpr auto kLatest = std::chrono::floor<std::chrono::seconds>(Timestamp::max());
  return end < kLatest ? Timestamp{end} : Timestamp::max();
}

Result<void> check_private_key(std::string_view key, std::string_view certificates) {
  const ErrorsCleared cleared;
  const auto certificate = read_certificate(certificates);
  if (!certificate) {
    return fail(certificate.error().with_context("its certificate"));
  }
  const auto private_key = read_private_key(key);
  if (!private_key) {
    return fail(private_key.error());
  }
  if (X509_check_private_key(certificate->get(), private_key->get()) != 1) {
    return fail(ErrorCode::kInvalid,
                "isn't the key of that certificate: give the two that were made together");
  }
  return {};
}

Result<Timestamp> check_certificate_files(std::string_view what,
                                          const std::string& certificate_file,
                                          const std::string& key_file) {
  const auto named = [](std::string name) {
    return [name = std::move(name)](const Error& error) {
      return Error{ErrorCode::kInvalid, fmt::format("{}: {}", name, error.message)};
    };
  };
  const auto in_certificate = named(fmt::format("{} {}", what, certificate_file));
  const auto in_key = named(fmt::format("key of the {} {}", what, key_file));
  const auto certificate = read_secret_file(certificate_file).map_error(in_certificate);
  if (!certificate) {
    return fail(certificate.error());
  }
  const auto expiry = certificate_expiry(certificate->view()).map_error(in_certificate);
  if (!expiry) {
    return fail(expiry.error());
  }
  const auto key = read_secret_file(key_file).map_error(in_key);
  if (!key) {
    return fail(key.error());
  }
  return check_private_key(key->view(), certificate->view()).map_error(in_key).map([&] {
    return *expiry;
  });
}

std::string take_tls_alert() {
  std::string alert;
  while (const auto error = ERR_get_error()) {
    if (ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) >= SSL_AD_REASON_OFFSET) {
      const char* const words = ERR_reason_error_string(error);
      alert = words != nullptr ? words : "TLS alert";
    }
  }
  return alert;
}

}  // namespace nats3
