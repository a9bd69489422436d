#include "base/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <memory>
#include <string>

#include "base/time_text.h"

namespace nats3 {
namespace {

using ::testing::HasSubstr;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const auto size = BIO_get_mem_data(bio, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  return text;
}

Key make_key() { return {EVP_EC_gen("P-256"), &EVP_PKEY_free}; }

std::string pem_of(EVP_PKEY* key, const char* passphrase = nullptr) {
  BIO* const bio = BIO_new(BIO_s_mem());
  EXPECT_EQ(PEM_write_bio_PKCS8PrivateKey(bio, key, passphrase ? EVP_aes_128_cbc() : nullptr,
                                          nullptr, 0, nullptr, const_cast<char*>(passphrase)),
            1);
  return text_of(bio);
}

// `until`: as ASN.1 has it.
std::string certificate_of(EVP_PKEY* key, const char* until = "20300102030405Z") {
  const std::unique_ptr<X509, decltype(&X509_free)> x509(X509_new(), &X509_free);
  X509_gmtime_adj(X509_getm_notBefore(x509.get()), 0);
  EXPECT_EQ(ASN1_TIME_set_string(X509_getm_notAfter(x509.get()), until), 1);
  X509_set_pubkey(x509.get(), key);
  X509_sign(x509.get(), key, EVP_sha256());
  BIO* const bio = BIO_new(BIO_s_mem());
  EXPECT_EQ(PEM_write_bio_X509(bio, x509.get()), 1);
  return text_of(bio);
}

TEST(CertificateTest, TellsUntilWhenTheFirstOneIsValid) {
  const Key key = make_key();
  const auto expiry = certificate_expiry("comment\n" + certificate_of(key.get()) +
                                         certificate_of(key.get(), "20200101000000Z"));
  ASSERT_TRUE(expiry) << expiry.error().message;
  EXPECT_EQ(format_time(*expiry), "2030-01-02T03:04:05.000000000Z");
  // RFC 5280, section 4.1.2.5: for one that never expires.
  EXPECT_EQ(*certificate_expiry(certificate_of(key.get(), "99991231235959Z")), Timestamp::max());
}

TEST(CertificateTest, AKeyIsThatOfItsOwnCertificateOnly) {
  const Key key = make_key();
  const std::string certificate = certificate_of(key.get());
  EXPECT_TRUE(check_private_key(pem_of(key.get()), certificate));
  // Both in one file.
  EXPECT_TRUE(check_private_key(certificate + pem_of(key.get()), certificate));
  const auto other = check_private_key(pem_of(make_key().get()), certificate);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(other.error().message, HasSubstr("isn't the key of that certificate"));
}

// OpenSSL would ask at the terminal.
TEST(CertificateTest, NobodyIsAskedForAPassphrase) {
  const Key key = make_key();
  const auto encrypted = check_private_key(pem_of(key.get(), "secret"), certificate_of(key.get()));
  ASSERT_FALSE(encrypted);
  EXPECT_THAT(encrypted.error().message, HasSubstr("is encrypted"));
}

TEST(CertificateTest, WhatIsNoneIsRefused) {
  const Key key = make_key();
  const std::string certificate = certificate_of(key.get());
  const std::string key_text = pem_of(key.get());
  for (const std::string& text :
       {std::string(), std::string("x"), key_text, certificate.substr(0, certificate.size() / 2)}) {
    EXPECT_THAT(certificate_expiry(text).error().message, HasSubstr("holds no certificate"));
    EXPECT_THAT(check_private_key(key_text, text).error().message,
                HasSubstr("holds no certificate"));
  }
  for (const std::string& text :
       {std::string(), certificate, key_text.substr(0, key_text.size() / 2)}) {
    EXPECT_THAT(check_private_key(text, certificate).error().message,
                HasSubstr("holds no private key"));
  }
  EXPECT_EQ(take_tls_alert(), "") << "none of that is a peer's";
}

}  // namespace
}  // namespace nats3
