#include "cli/client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "cli/cli_job_testing.h"

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST_F(CliTest, ErrorsOfTheServerAreShownAsTheyAre) {
  server_.answer_with(404, R"({"error":"job id x not found"})");
  EXPECT_EQ(run({"store", "show", "--job-id", "00000000-0000-4000-8000-000000000001", "--output",
                 "json"}),
            1);
  EXPECT_EQ(err(), "nats3: job id x not found\n");
  EXPECT_THAT(out(), IsEmpty());
}

TEST_F(CliTest, WhatIsNoNats3ServerIsSaid) {
  server_.answer_with(502, "<html>Bad Gateway</html>");
  EXPECT_EQ(run({"store", "list"}), 1);
  EXPECT_THAT(err(), AllOf(HasSubstr("502"), HasSubstr("is the URL right?")));
  server_.answer_with(200, "<html>hello</html>");
  EXPECT_EQ(run({"store", "list"}), 1);
  EXPECT_THAT(err(), HasSubstr("is the URL right?"));
}

TEST_F(CliTest, NoServerSaysHowToStartOne) {
  EXPECT_EQ(run({"--server", "http://127.0.0.1:1", "store", "list"}), 1);
  EXPECT_THAT(err(), AllOf(HasSubstr("http://127.0.0.1:1"), HasSubstr("nats3 serve")));
}

// What answers as something else than an HTTP server does, and hangs up.
class OtherServer {
 public:
  OtherServer() : listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listening_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(listening_, 1), 0);
    EXPECT_EQ(::getsockname(listening_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    url_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] {
      static constexpr std::string_view kInfo = "INFO {\"server_id\":\"x\"}\r\n";
      const int connection = ::accept(listening_, nullptr, nullptr);
      ::send(connection, kInfo.data(), kInfo.size(), MSG_NOSIGNAL);
      ::shutdown(connection, SHUT_WR);
      char ignored = 0;
      while (::recv(connection, &ignored, 1, 0) > 0) {
      }
      ::close(connection);
    });
  }
  ~OtherServer() {
    thread_.join();
    ::close(listening_);
  }
  OtherServer(const OtherServer&) = delete;
  OtherServer& operator=(const OtherServer&) = delete;

  [[nodiscard]] const std::string& url() const { return url_; }

 private:
  const int listening_;
  std::string url_;
  std::thread thread_;
};

TEST_F(CliTest, WhatSpeaksNoHttpIsSaidAtOnce) {
  const OtherServer nats;
  EXPECT_EQ(run({"--server", nats.url(), "store", "list"}), 1);
  EXPECT_THAT(err(), AllOf(HasSubstr("broke off without an answer: is it a nats3 server?"),
                           Not(HasSubstr("120 s"))));
}

TEST(ServerUrl, MayHaveALogin) {
  const auto url = parse_server_url("http://me:a%40b%3Ac@host:8080/p");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->origin, "http://host:8080");
  EXPECT_EQ(url->path, "/p");
  EXPECT_EQ(url->user, "me");
  EXPECT_EQ(url->password, "a@b:c");
  EXPECT_EQ(parse_server_url("me:x@host")->user, "me");
  EXPECT_EQ(parse_server_url("http://me@host")->password, "");
  const auto bad = parse_server_url("http://me:secret@host:x");
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().message, Not(HasSubstr("secret")));
}

TEST(ServerUrl, IsReadWithAndWithoutScheme) {
  EXPECT_EQ(parse_server_url("localhost:8080")->origin, "http://localhost:8080");
  EXPECT_EQ(parse_server_url("https://host/a/b/")->origin, "https://host");
  EXPECT_EQ(parse_server_url("https://host/a/b/")->path, "/a/b");
  EXPECT_EQ(parse_server_url("http://[::1]:8080")->origin, "http://[::1]:8080");
  EXPECT_TRUE(parse_server_url("http://[::1]"));
  for (const char* bad :
       {"", "http://", "ftp://host", "http://host:0", "http://host:99999", "http://host:x",
        "http://a b", "http://:80", "http://h?x", "http://:p@h", "http://%zz@h", "http://u:p@"}) {
    EXPECT_FALSE(parse_server_url(bad)) << bad;
  }
}

}  // namespace
}  // namespace nats3::cli
