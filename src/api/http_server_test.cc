#include "api/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>

#include "base/clock.h"

namespace nats3::api {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr milliseconds kPatience{10'000};

// A client that sends exactly the bytes it's told.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return;  // the server hung up: what it said before counts
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // Reads until `text` has come, or to the end.
  std::string read_until(std::string_view text) {
    const MonotonicTime deadline = Clock::system().monotonic() + kPatience;
    while (received_.find(text) == std::string::npos && read_some(deadline)) {
    }
    return received_;
  }

  // Everything until the server closes.
  std::string read_all() {
    const MonotonicTime deadline = Clock::system().monotonic() + kPatience;
    while (read_some(deadline)) {
    }
    return received_;
  }

 private:
  bool read_some(MonotonicTime deadline) {
    const auto left =
        std::chrono::ceil<milliseconds>(deadline - Clock::system().monotonic()).count();
    pollfd poll_for{.fd = socket_, .events = POLLIN, .revents = 0};
    std::array<char, 4096> buffer{};
    const ssize_t got = ::poll(&poll_for, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) > 0
                            ? ::recv(socket_, buffer.data(), buffer.size(), 0)
                            : 0;
    received_.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return got > 0;
  }

  const int socket_;
  std::string received_;
};

// Answers with what it was asked.
HttpResponse echo(const HttpRequest& request) {
  return {.status = 200,
          .content_type = std::string(kTextType),
          .body = request.method + " " + request.path + " [" + request.body + "]",
          .headers = {}};
}

std::string talk(const HttpServer& server, std::string_view bytes) {
  RawClient client(server.port());
  client.send(bytes);
  return client.read_all();
}

TEST(HttpServer, APostWithNeitherLengthNorBodyIsAnsweredAtOnce) {
  HttpServer server({.read_timeout = std::chrono::hours{1}}, echo);
  ASSERT_TRUE(server.start());
  RawClient client(server.port());
  client.send("POST /store/job/pause?job_id=x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.read_until("[]"), HasSubstr("POST /store/job/pause []"));
}

TEST(HttpServer, SeveralRequestsOnOneConnection) {
  HttpServer server({}, echo);
  ASSERT_TRUE(server.start());
  const std::string answers = talk(server,
                                   "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"
                                   "GET /b HTTP/1.1\r\nContent-Length: 2\r\n\r\nde"
                                   "DELETE /c HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answers, AllOf(HasSubstr("POST /a [abc]"), HasSubstr("GET /b [de]"),
                             HasSubstr("DELETE /c []")));
}

TEST(HttpServer, BodiesOverTheLimitAre413AndTheConnectionCloses) {
  HttpServer server({.max_body_bytes = 1'000}, echo);
  ASSERT_TRUE(server.start());
  const std::string head = "POST /a HTTP/1.1\r\nContent-Length: ";
  EXPECT_THAT(talk(server, head + "1001\r\n\r\n" + std::string(1'001, 'x')),
              AllOf(StartsWith("HTTP/1.1 413"), HasSubstr("more than the 1000 bytes allowed")));
  EXPECT_THAT(talk(server, head + "99999999999999999999999\r\n\r\n"), StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(talk(server, head + "1000\r\nConnection: close\r\n\r\n" + std::string(1'000, 'x')),
              StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, ARefusedBodyIsNotTakenForTheNextRequest) {
  HttpServer server({.max_body_bytes = 10}, echo);
  ASSERT_TRUE(server.start());
  const std::string answers =
      talk(server, "POST /a HTTP/1.1\r\nContent-Length: 40\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
  EXPECT_THAT(answers, AllOf(StartsWith("HTTP/1.1 413"), Not(HasSubstr("smuggled"))));
}

TEST(HttpServer, BodiesOfOtherFormsAreRefused) {
  HttpServer server({}, echo);
  ASSERT_TRUE(server.start());
  const auto refused = [&](std::string_view headers) {
    return talk(server, "POST /a HTTP/1.1\r\n" + std::string(headers) + "\r\n\r\n");
  };
  EXPECT_THAT(refused("Transfer-Encoding: chunked"), StartsWith("HTTP/1.1 411"));
  EXPECT_THAT(refused("Transfer-Encoding: chunked\r\nContent-Length: 3"),
              StartsWith("HTTP/1.1 411"));
  EXPECT_THAT(refused("Content-Encoding: gzip\r\nContent-Length: 3"), StartsWith("HTTP/1.1 415"));
  EXPECT_THAT(refused("Content-Length: 3\r\nContent-Length: 4"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(refused("Content-Length: -1"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(refused("Content-Length: 3x"), StartsWith("HTTP/1.1 400"));
}

TEST(HttpServer, ARefusalCantBeForgedFromOutside) {
  HttpServer server({}, echo);
  ASSERT_TRUE(server.start());
  EXPECT_THAT(talk(server, "GET /a HTTP/1.1\r\nNats3-Refusal: 500 x\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, ExpectContinueIsAnswered) {
  HttpServer server({}, echo);
  ASSERT_TRUE(server.start());
  RawClient client(server.port());
  client.send(
      "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100 Continue"));
  client.send("abc");
  EXPECT_THAT(client.read_all(), HasSubstr("POST /a [abc]"));
}

// lessons: "Refuse multi-range requests."
TEST(HttpServer, SeveralRangesAreRefusedAndOneIsIgnored) {
  HttpServer server({}, echo);
  ASSERT_TRUE(server.start());
  EXPECT_THAT(talk(server, "GET /a HTTP/1.1\r\nRange: bytes=0-0,1-1\r\n\r\n"),
              StartsWith("HTTP/1.1 416"));
  EXPECT_THAT(talk(server, "GET /a HTTP/1.1\r\nRange: bytes=0-0\r\nConnection: close\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("GET /a []")));
}

// It came in pieces, as the ranges had it.
TEST(HttpServer, TheRefusalOfSeveralRangesIsAnErrorLikeOthers) {
  HttpServer server({}, echo);
  ASSERT_TRUE(server.start());
  EXPECT_THAT(
      talk(server, "GET /a HTTP/1.1\r\nRange: bytes=0-0,2-2\r\n\r\n"),
      AllOf(HasSubstr("Content-Type: application/json"), HasSubstr("{\"error\":\"several ranges")));
}

TEST(HttpServer, ALongRangeHeaderDoesNoHarm) {
  HttpServer server({}, echo);
  ASSERT_TRUE(server.start());
  std::string range = "bytes=0-0";
  while (range.size() < 8'000) {
    range += ",0-0";
  }
  EXPECT_THAT(talk(server, "GET /a HTTP/1.1\r\nRange: " + range + "\r\n\r\n"),
              StartsWith("HTTP/1.1 416"));
}

TEST(HttpServer, WhatIsNotHttpIsRefusedAndTheConnectionCloses) {
  HttpServer server({}, echo);
  ASSERT_TRUE(server.start());
  for (const std::string& bytes :
       {std::string("nonsense\r\n\r\n"), std::string("GET / HTTP/9\r\n\r\n"),
        std::string("BREW /pot HTTP/1.1\r\n\r\n"),
        "GET /" + std::string(9'000, 'x') + " HTTP/1.1\r\n\r\n"}) {
    EXPECT_THAT(talk(server, bytes), AllOf(StartsWith("HTTP/1.1 4"), HasSubstr("{\"error\":")));
  }
}

TEST(HttpServer, EndlessHeadersEndTheConnection) {
  HttpServer server({.max_body_bytes = 1'000}, echo);
  ASSERT_TRUE(server.start());
  RawClient client(server.port());
  client.send("GET / HTTP/1.1\r\n");
  const std::string line = "X-Filler: " + std::string(1'000, 'x') + "\r\n";
  for (int i = 0; i < 100; ++i) {
    client.send(line);
  }
  EXPECT_THAT(client.read_all(), Not(HasSubstr("200 OK")));
}

TEST(HttpServer, ARequestThatTricklesInIsCutOff) {
  HttpServer server({.read_timeout = milliseconds{100}}, echo);
  ASSERT_TRUE(server.start());
  RawClient silent(server.port());
  silent.send("POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_THAT(silent.read_all(), StartsWith("HTTP/1.1 408"));
}

TEST(HttpServer, IdleConnectionsMakeRoomForThoseThatWait) {
  HttpServer server({.threads = 1, .keep_alive = std::chrono::hours{1}}, echo);
  ASSERT_TRUE(server.start());
  RawClient idle(server.port());
  idle.send("GET /idle HTTP/1.1\r\n\r\n");
  ASSERT_THAT(idle.read_until("[]"), HasSubstr("GET /idle"));
  EXPECT_THAT(talk(server, "GET /next HTTP/1.1\r\nConnection: close\r\n\r\n"),
              HasSubstr("GET /next"));
}

TEST(HttpServer, MoreClientsThanThreadsAndPlacesAreAllServed) {
  HttpServer server({.threads = 2, .max_waiting = 2}, echo);
  ASSERT_TRUE(server.start());
  std::vector<std::future<std::string>> answers;
  for (int i = 0; i < 32; ++i) {
    answers.push_back(std::async(std::launch::async, [&] {
      return talk(server, "GET /a HTTP/1.1\r\nConnection: close\r\n\r\n");
    }));
  }
  for (auto& answer : answers) {
    EXPECT_THAT(answer.get(), HasSubstr("GET /a"));
  }
}

TEST(HttpServer, StoppingLetsTheRequestUnderWayFinish) {
  std::promise<void> entered;
  std::promise<void> leave;
  HttpServer server({}, [&](const HttpRequest& request) {
    entered.set_value();
    leave.get_future().wait();
    return echo(request);
  });
  ASSERT_TRUE(server.start());
  RawClient idle(server.port());
  RawClient busy(server.port());
  busy.send("GET /busy HTTP/1.1\r\n\r\n");
  entered.get_future().wait();
  auto stopped = std::async(std::launch::async, [&] { server.stop(); });
  leave.set_value();
  EXPECT_THAT(busy.read_all(), HasSubstr("GET /busy"));
  stopped.wait();
  server.stop();
}

TEST(HttpServer, AHandlerThatThrowsGives500) {
  HttpServer server({}, [](const HttpRequest&) -> HttpResponse { throw std::runtime_error("x"); });
  ASSERT_TRUE(server.start());
  EXPECT_THAT(talk(server, "GET /a HTTP/1.1\r\nConnection: close\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 500"), HasSubstr("internal server error")));
}

TEST(HttpServer, APortInUseIsSaidAtOnce) {
  HttpServer first({}, echo);
  ASSERT_TRUE(first.start());
  HttpServer second({.port = first.port()}, echo);
  const auto started = second.start();
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message,
              AllOf(HasSubstr(std::to_string(first.port())), HasSubstr("in use")));
}

TEST(HttpServer, AnAddressThatIsNoneIsSaid) {
  HttpServer server({.host = "no.such.host.invalid", .port = 1}, echo);
  EXPECT_FALSE(server.start());
}

// An answer of these lines, one with each look, and then an error, if one is given.
HttpHandler lines_of(std::vector<std::string> lines, const std::string& error = "") {
  return [lines, error](const HttpRequest&) {
    HttpResponse response{.status = 200,
                          .content_type = std::string(kLinesType),
                          .body = lines.front(),
                          .headers = {}};
    response.more = [lines, error,
                     next = std::size_t{1}]() mutable -> Result<std::optional<std::string>> {
      if (next < lines.size()) {
        return lines[next++];
      }
      return error.empty() ? Result<std::optional<std::string>>(std::nullopt)
                           : fail(ErrorCode::kCorrupt, error);
    };
    return response;
  };
}

constexpr std::string_view kGet = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(HttpServer, AnAnswerOfLinesComesInPiecesAndEnds) {
  HttpServer server({}, lines_of({"{1}\n", "{2}\n{3}\n"}));
  ASSERT_TRUE(server.start());
  RawClient client(server.port());
  client.send(kGet);
  const std::string answer = client.read_until("\r\n0\r\n\r\n");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Transfer-Encoding: chunked"),
                            HasSubstr("application/x-ndjson")));
  EXPECT_THAT(answer, HasSubstr("4\r\n{1}\n\r\n8\r\n{2}\n{3}\n\r\n0\r\n\r\n"));
  client.send(kGet);  // the connection goes on
  EXPECT_THAT(client.read_until("0\r\n\r\nHTTP/1.1 200"), HasSubstr("0\r\n\r\nHTTP/1.1 200"));
}

TEST(HttpServer, WhileThereAreNoLinesAnEmptyOneComes) {
  HttpServer server({}, lines_of({"", "", "{1}\n"}));
  ASSERT_TRUE(server.start());
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_THAT(client.read_until("0\r\n\r\n"),
              HasSubstr("1\r\n\n\r\n1\r\n\n\r\n4\r\n{1}\n\r\n0\r\n\r\n"));
}

TEST(HttpServer, AnAnswerOfLinesThatFailsSaysWhyAndHasNoEnd) {
  HttpServer server({}, lines_of({"{1}\n"}, "chunk 'x' is damaged"));
  ASSERT_TRUE(server.start());
  const std::string answer = talk(server, kGet);
  EXPECT_THAT(answer, HasSubstr("{\"error\":\"chunk 'x' is damaged\"}\n"));
  EXPECT_THAT(answer, Not(HasSubstr("\r\n0\r\n")));
}

TEST(HttpServer, AnAnswerOfLinesIsNotForHttp10WhereACutCannotBeTold) {
  HttpServer server({}, lines_of({"{1}\n"}));
  ASSERT_TRUE(server.start());
  EXPECT_THAT(talk(server, "GET /a HTTP/1.0\r\n\r\n"),
              AllOf(HasSubstr(" 505 "), HasSubstr("HTTP/1.1"), Not(HasSubstr("chunked"))));
}

// Answers with as many lines as are taken.
HttpResponse endless(const HttpRequest&) {
  HttpResponse response{.status = 200, .content_type = {}, .body = "first\n", .headers = {}};
  response.more = [] { return std::optional<std::string>(std::string(1 << 20, 'x')); };
  return response;
}

TEST(HttpServer, AStopCutsAnAnswerOfLinesAndNothingFollowsIt) {
  HttpServer server({}, endless);
  ASSERT_TRUE(server.start());
  RawClient client(server.port());
  client.send(kGet);
  client.send(kGet);
  client.read_until("xxx");
  auto rest = std::async([&] { return client.read_all(); });
  server.stop();
  const std::string answer = rest.get();
  EXPECT_EQ(answer.rfind("HTTP/1.1"), 0U);
  EXPECT_THAT(answer.substr(answer.size() - 100), Not(HasSubstr("\r\n0\r\n")));
}

TEST(HttpServer, AStopDoesNotWaitForAClientThatReadsNothing) {
  HttpServer server({.write_timeout = std::chrono::hours{1}}, endless);
  ASSERT_TRUE(server.start());
  RawClient client(server.port());
  client.send(kGet);
  client.read_until("xxx");
  server.stop();
}

TEST(HttpServer, AStopDoesNotWaitForARequestThatDoesNotCome) {
  HttpServer server({.read_timeout = std::chrono::hours{1}}, echo);
  ASSERT_TRUE(server.start());
  RawClient client(server.port());
  client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HT");
  client.read_until("GET /a");
  server.stop();
}

TEST(HttpServer, AClientThatReadsNoMoreIsLeft) {
  std::promise<void> ended;
  HttpServer server({.write_timeout = milliseconds{50}}, [&](const HttpRequest&) {
    HttpResponse response{.status = 200, .content_type = {}, .body = "first\n", .headers = {}};
    const std::shared_ptr<void> open(nullptr, [&](void*) { ended.set_value(); });
    response.more = [open] { return std::optional<std::string>(std::string(1 << 20, 'x')); };
    return response;
  });
  ASSERT_TRUE(server.start());
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_EQ(ended.get_future().wait_for(kPatience), std::future_status::ready);
}

}  // namespace
}  // namespace nats3::api
