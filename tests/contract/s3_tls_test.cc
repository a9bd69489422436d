// S3 over https: whom we trust, and what TLS saves us from hashing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <thread>

#include "base/digest.h"
#include "base/uuid.h"
#include "object/s3/s3_store.h"

namespace nats3::object {
namespace {

using testing::HasSubstr;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

// A certificate for 127.0.0.1 that nobody but its holder has signed.
Certificate make_certificate(EVP_PKEY* key) {
  Certificate certificate(X509_new(), &X509_free);
  X509* const x509 = certificate.get();
  X509_set_version(x509, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
  X509_gmtime_adj(X509_getm_notAfter(x509), 3600);
  X509_set_pubkey(x509, key);
  X509_NAME* const name = X509_get_subject_name(x509);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("nats3 test"), -1, -1, 0);
  X509_set_issuer_name(x509, name);
  X509_EXTENSION* const names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(x509, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(x509, key, EVP_sha256());
  return certificate;
}

class S3Tls : public testing::Test {
 protected:
  void SetUp() override {
    key_.reset(EVP_EC_gen("P-256"));
    certificate_ = make_certificate(key_.get());
    server_ = std::make_unique<httplib::SSLServer>(certificate_.get(), key_.get());
    ASSERT_TRUE(server_->is_valid());
    server_->Get(".*", [](const httplib::Request&, httplib::Response& answer) {
      answer.set_content("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>",
                         "application/xml");
    });
    server_->Put(".*", [this](const httplib::Request& request, httplib::Response&) {
      const std::lock_guard lock(mutex_);
      put_hash_ = request.get_header_value("x-amz-content-sha256");
      put_md5_ = request.get_header_value("content-md5");
    });
    const int port = server_->bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_->listen_after_bind(); });
    while (!server_->is_running()) {  // stop() does nothing before
      std::this_thread::yield();
    }
    options_.endpoint = "https://127.0.0.1:" + std::to_string(port);
    options_.credentials = fixed_credentials({"access", "secret", ""});
  }

  void TearDown() override {
    server_->stop();
    thread_.join();
    std::filesystem::remove(ca_file_);
  }

  void trust_the_certificate() {
    ca_file_ = std::filesystem::temp_directory_path() / ("nats3-ca-" + make_uuid());
    std::FILE* const file = std::fopen(ca_file_.c_str(), "w");
    ASSERT_NE(file, nullptr);
    PEM_write_X509(file, certificate_.get());
    std::fclose(file);
    options_.http.ca_file = ca_file_.string();
  }

  std::string put_hash() {
    const std::lock_guard lock(mutex_);
    return put_hash_;
  }
  std::string put_md5() {
    const std::lock_guard lock(mutex_);
    return put_md5_;
  }

  Result<std::shared_ptr<ObjectStore>> open() {
    return make_s3_provider(options_)->open("bucket", IfMissing::kFail);
  }

  Key key_{nullptr, &EVP_PKEY_free};
  Certificate certificate_{nullptr, &X509_free};
  std::unique_ptr<httplib::SSLServer> server_;
  std::thread thread_;
  std::filesystem::path ca_file_;
  S3Options options_;
  std::mutex mutex_;
  std::string put_hash_;
  std::string put_md5_;
};

TEST_F(S3Tls, ACertificateThatNobodyTrustsIsDenied) {
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kDenied);
  EXPECT_THAT(opened.error().message, HasSubstr("certificate"));
}

TEST_F(S3Tls, ACertificateOfOurOwnCanBeTrusted) {
  trust_the_certificate();
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE((*opened)->put("key", "body"));
  EXPECT_EQ(put_hash().size(), 64U);
}

TEST_F(S3Tls, ABodyNeedNotBeHashedWhereTlsProtectsIt) {
  trust_the_certificate();
  options_.payload_signing = PayloadSigning::kUnsignedOnHttps;
  const auto opened = open();
  ASSERT_TRUE(opened) << opened.error().message;
  for (int i = 0; i < 3; ++i) {  // nothing to try with
    const std::string body(100'000, 'x');
    EXPECT_TRUE((*opened)->put("key", body));
    EXPECT_EQ(put_hash(), "UNSIGNED-PAYLOAD");
    EXPECT_EQ(put_md5(), to_base64(as_view(md5(body))));
  }
}

TEST_F(S3Tls, AMissingFileOfCertificatesIsSaid) {
  options_.http.ca_file = "/nowhere/ca.pem";
  const auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kDenied);
  EXPECT_THAT(opened.error().message, HasSubstr("/nowhere/ca.pem"));
}

}  // namespace
}  // namespace nats3::object
