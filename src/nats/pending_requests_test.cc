#include "nats/pending_requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace nats3::nats {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

constexpr milliseconds kLong{600'000};

MessageView answer_of(std::string_view payload, std::string_view headers = {}) {
  MessageView view;
  view.headers = headers;
  view.payload = payload;
  return view;
}

TEST(PendingRequestsTest, EachGetsItsOwnAnswerInAnyOrder) {
  PendingRequests all("n:1", kLong);
  auto one = all.begin("a");
  auto two = all.begin("a");
  EXPECT_NE(one.token(), two.token());
  all.settle(two.token(), answer_of("2", "NATS/1.0\r\nA: b\r\n\r\n"));
  all.settle(one.token(), answer_of("1"));
  EXPECT_EQ(one.wait()->payload, "1");
  const auto answer = two.wait();
  EXPECT_EQ(answer->view().payload, "2");
  EXPECT_EQ(answer->view().headers, "NATS/1.0\r\nA: b\r\n\r\n");
}

TEST(PendingRequestsTest, AnAnswerEndsTheWaitOfAnotherThread) {
  PendingRequests all("n:1", kLong);
  auto request = all.begin("a");
  std::thread server([&] { all.settle(request.token(), answer_of("x")); });
  EXPECT_EQ(request.wait()->payload, "x");
  server.join();
}

TEST(PendingRequestsTest, NoAnswerInTimeSaysWhatWasAsked) {
  PendingRequests all("n:1", milliseconds{1});
  const auto late = all.begin("some.subject").wait();
  EXPECT_EQ(late.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(late.error().message, "NATS at n:1 didn't answer some.subject within 1 ms");
}

TEST(PendingRequestsTest, NobodyThereIsUnavailable) {
  PendingRequests all("n:1", kLong);
  auto request = all.begin("a.b");
  all.settle(request.token(), answer_of("", "NATS/1.0 503\r\n\r\n"));
  const auto nobody = request.wait();
  EXPECT_EQ(nobody.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(nobody.error().message, HasSubstr("nobody at NATS n:1 answers a.b"));
}

TEST(PendingRequestsTest, ARefusalEndsThoseOfThatSubjectOnly) {
  PendingRequests all("n:1", kLong);
  auto one = all.begin("a.b");
  auto other = all.begin("a");
  all.refuse("Permissions Violation for Publish to \"a.b\"");
  all.settle(other.token(), answer_of("x"));
  EXPECT_EQ(one.wait().error().code, ErrorCode::kDenied);
  EXPECT_EQ(other.wait()->payload, "x");
}

TEST(PendingRequestsTest, ARefusalMayBeCutInTheMiddleOfItsSubject) {
  PendingRequests all("n:1", kLong);
  auto one = all.begin("a.long.subject");
  auto other = all.begin("a.long.object");
  all.refuse("Permissions Violation");
  all.refuse("Permissions Violation for Publish to \"");
  all.refuse("Permissions Violation for Publish to \"a.long.sub");
  all.settle(other.token(), answer_of("x"));
  EXPECT_EQ(one.wait().error().code, ErrorCode::kDenied);
  EXPECT_EQ(other.wait()->payload, "x");
}

TEST(PendingRequestsTest, ALossEndsAllButThoseAnswered) {
  PendingRequests all("n:1", kLong);
  auto answered = all.begin("a");
  auto other = all.begin("a");
  all.settle(answered.token(), answer_of("x"));
  all.lose({ErrorCode::kUnavailable, "gone"});
  EXPECT_EQ(answered.wait()->payload, "x");
  EXPECT_EQ(other.wait().error().message, "gone");
  EXPECT_EQ(all.begin("a").wait().error().message, "gone");
}

TEST(PendingRequestsTest, AnswersToNothingAreIgnored) {
  PendingRequests all("n:1", milliseconds{1});
  auto request = all.begin("a");
  const std::uint64_t given_up = all.begin("a").token();
  all.settle(given_up, answer_of("x"));
  all.settle(given_up + 100, answer_of("y"));
  EXPECT_FALSE(request.wait());
}

TEST(PendingRequestsTest, AMovedOneIsTheSame) {
  PendingRequests all("n:1", kLong);
  auto first = all.begin("a");
  auto second = all.begin("b");
  const std::uint64_t token = first.token();
  second = std::move(first);
  all.settle(token, answer_of("x"));
  EXPECT_EQ(second.wait()->payload, "x");
}

}  // namespace
}  // namespace nats3::nats
