// Answers of lines, which are sent while they are made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/http_server.h"
#include "api/http_server_testing.h"

namespace nats3::api {
namespace {

using std::chrono::milliseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

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

TEST(HttpServerLines, AnAnswerOfLinesComesInPiecesAndEnds) {
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

TEST(HttpServerLines, WhileThereAreNoLinesAnEmptyOneComes) {
  HttpServer server({}, lines_of({"", "", "{1}\n"}));
  ASSERT_TRUE(server.start());
  RawClient client(server.port());
  client.send(kGet);
  EXPECT_THAT(client.read_until("0\r\n\r\n"),
              HasSubstr("1\r\n\n\r\n1\r\n\n\r\n4\r\n{1}\n\r\n0\r\n\r\n"));
}

TEST(HttpServerLines, AnAnswerOfLinesThatFailsSaysWhyAndHasNoEnd) {
  HttpServer server({}, lines_of({"{1}\n"}, "chunk 'x' is damaged"));
  ASSERT_TRUE(server.start());
  const std::string answer = talk(server, kGet);
  EXPECT_THAT(answer, HasSubstr("{\"error\":\"chunk 'x' is damaged\"}\n"));
  EXPECT_THAT(answer, Not(HasSubstr("\r\n0\r\n")));
}

TEST(HttpServerLines, AnAnswerOfLinesIsNotForHttp10WhereACutCannotBeTold) {
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

TEST(HttpServerLines, AStopCutsAnAnswerOfLinesAndNothingFollowsIt) {
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

TEST(HttpServerLines, AStopDoesNotWaitForAClientThatReadsNothing) {
  HttpServer server({.write_timeout = std::chrono::hours{1}}, endless);
  ASSERT_TRUE(server.start());
  RawClient client(server.port());
  client.send(kGet);
  client.read_until("xxx");
  server.stop();
}

TEST(HttpServerLines, AClientThatReadsNoMoreIsLeft) {
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
