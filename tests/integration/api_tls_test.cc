// The API over TLS: who gets an answer, and what is said to those that don't.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "api/http_server_testing.h"
#include "tests/support/certificate.h"

namespace nats3::test {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using namespace std::chrono_literals;

api::HttpResponse echo(const api::HttpRequest& request) {
  return {.status = 200, .content_type = "text/plain", .body = request.body, .headers = {}};
}

class ApiTlsTest : public ::testing::Test {
 protected:
  static api::HttpServerOptions options(const Certificate& certificate) {
    return {.certificate_file = certificate.file(), .key_file = certificate.key()};
  }
  std::unique_ptr<httplib::SSLClient> client(const std::string& trusted) const {
    auto client = std::make_unique<httplib::SSLClient>("127.0.0.1", server_->port());
    client->set_ca_cert_path(trusted);
    client->set_read_timeout(10s);
    return client;
  }
  // "" when it is answered.
  std::string refusal(const std::string& trusted) const {
    const auto got = client(trusted)->Get("/");
    return got ? "" : httplib::to_string(got.error());
  }
  void serve(api::HttpServerOptions options, api::HttpHandler handler = echo) {
    server_ = std::make_unique<api::HttpServer>(std::move(options), std::move(handler));
    const auto started = server_->start();
    ASSERT_TRUE(started) << started.error().message;
  }
  [[nodiscard]] static std::string error_of(const std::string& certificate,
                                            const std::string& key) {
    api::HttpServer server({.certificate_file = certificate, .key_file = key}, echo);
    const auto started = server.start();
    return started ? "" : started.error().message;
  }

  Certificate certificate_;
  std::unique_ptr<api::HttpServer> server_;
};

TEST_F(ApiTlsTest, AnswersWhoTrustsItsCertificate) {
  serve(options(certificate_));
  EXPECT_EQ(refusal(certificate_.file()), "");
  EXPECT_NE(refusal(Certificate().file()), "");
}

// More than fits into one record, and into the buffers of a connection.
TEST_F(ApiTlsTest, LargeBodiesPassInBothDirections) {
  auto large = options(certificate_);
  large.max_body_bytes = 64 << 20;
  serve(large);
  const auto http = client(certificate_.file());
  http->set_keep_alive(true);
  for (const std::size_t size : {std::size_t{1}, std::size_t{16} << 10, std::size_t{33} << 20}) {
    std::string body(size, 'x');
    body[size / 2] = 'y';
    const auto got = http->Post("/", body, "text/plain");
    ASSERT_TRUE(got) << httplib::to_string(got.error());
    EXPECT_TRUE(got->body == body) << size;
  }
}

TEST_F(ApiTlsTest, ManyAtOnceAreServed) {
  serve(options(certificate_));
  std::vector<std::thread> clients;
  std::atomic<int> answered = 0;
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back([&] { answered += refusal(certificate_.file()).empty() ? 1 : 0; });
  }
  for (std::thread& client : clients) {
    client.join();
  }
  EXPECT_EQ(answered, 40);
}

TEST_F(ApiTlsTest, WhoAsksWithoutTlsIsToldSo) {
  serve(options(certificate_));
  const std::string answer = api::talk(*server_, "GET /ping HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer,
              AllOf(StartsWith("HTTP/1.1 400 Bad Request\r\n"),
                    EndsWith("{\"error\":\"this port speaks TLS: ask it with https://\"}")));
}

// It holds one of the server's threads no longer than others would.
TEST_F(ApiTlsTest, WhoNeverFinishesTheHandshakeIsCutOff) {
  auto brief = options(certificate_);
  brief.threads = 1;
  brief.keep_alive = 200ms;
  serve(brief);
  api::RawClient silent(server_->port());
  api::RawClient halting(server_->port());
  halting.send(std::string("\x16\x03\x01\x02\x00\x01", 6));
  api::RawClient nonsense(server_->port());
  nonsense.send("\x16\x03\x01 nonsense nonsense nonsense");
  EXPECT_EQ(refusal(certificate_.file()), "");
  EXPECT_EQ(halting.read_all(), "");
}

TEST_F(ApiTlsTest, AStopDoesNotWaitForAHandshake) {
  auto patient = options(certificate_);
  patient.keep_alive = 1h;
  serve(patient);
  api::RawClient halting(server_->port());
  halting.send(std::string("\x16\x03\x01\x02\x00\x01", 6));
  server_->stop();
  EXPECT_EQ(halting.read_all(), "");
}

TEST_F(ApiTlsTest, ARenewedCertificateIsShownFromTheNextConnectionOn) {
  serve(options(certificate_));
  const Certificate renewed;
  const auto put = [](const std::string& from, const std::string& to) {
    std::filesystem::copy_file(from, to + ".new");
    std::filesystem::rename(to + ".new", to);
  };
  const std::string before = std::filesystem::path(certificate_.file()).replace_extension(".old");
  std::filesystem::copy_file(certificate_.file(), before);
  put(renewed.file(), certificate_.file());
  EXPECT_EQ(refusal(before), "") << "its key isn't there yet";
  put(renewed.key(), certificate_.key());
  EXPECT_EQ(refusal(renewed.file()), "");
  EXPECT_NE(refusal(before), "");
  std::filesystem::remove(certificate_.file());
  EXPECT_EQ(refusal(renewed.file()), "") << "what was read last counts";
}

TEST_F(ApiTlsTest, FilesThatAreNotRightAreNamedAtTheStart) {
  const Certificate other;
  EXPECT_THAT(error_of("/nowhere.pem", certificate_.key()), HasSubstr("certificate /nowhere.pem"));
  EXPECT_THAT(error_of(certificate_.key(), certificate_.key()),
              AllOf(HasSubstr(certificate_.key()), HasSubstr("holds no certificate")));
  EXPECT_THAT(error_of(certificate_.file(), certificate_.file()),
              AllOf(HasSubstr(certificate_.file()), HasSubstr("holds no private key")));
  EXPECT_THAT(error_of(certificate_.file(), other.key()),
              AllOf(HasSubstr(other.key()), HasSubstr("isn't the key of that certificate")));
}

}  // namespace
}  // namespace nats3::test
