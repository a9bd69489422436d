#include "api/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <future>
#include <memory>
#include <sstream>

#include "api/http_server_testing.h"
#include "base/clock.h"

namespace nats3::api {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Answers with what it was asked.
HttpResponse echo(const HttpRequest& request) {
  return {.status = 200,
          .content_type = std::string(kTextType),
          .body = request.method + " " + request.path + " [" + request.body + "]",
          .headers = {}};
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

TEST(HttpServer, ARefusalIsLoggedWithItsReason) {
  const auto before = spdlog::default_logger();
  std::ostringstream log;
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
  {
    HttpServer server({}, [](const HttpRequest&) { return error_response(404, "no job\n'x'"); });
    ASSERT_TRUE(server.start());
    talk(server, "POST /job HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  }
  spdlog::set_default_logger(before);
  EXPECT_THAT(log.str(), AllOf(HasSubstr("127.0.0.1 POST /job 404 "), HasSubstr(" (no job?'x')")));
}

TEST(HttpServer, AStopDoesNotWaitForARequestThatDoesNotCome) {
  HttpServer server({.read_timeout = std::chrono::hours{1}}, echo);
  ASSERT_TRUE(server.start());
  RawClient client(server.port());
  client.send("GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HT");
  client.read_until("GET /a");
  server.stop();
}

}  // namespace
}  // namespace nats3::api
