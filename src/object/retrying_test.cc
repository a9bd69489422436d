#include "object/retrying.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "object/faulty.h"
#include "object/memory/memory_store.h"

namespace nats3::object {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

RetryOptions quick() {
  return {.backoff = {.first = milliseconds{1}, .cap = milliseconds{2}},
          .deadline = std::chrono::minutes{1},
          .on_retry = {}};
}

TEST(Retrying, TriesAgainUntilItSucceeds) {
  int retries = 0;
  RetryOptions options = quick();
  options.on_retry = [&](const Error& error) {
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    ++retries;
  };
  const auto store = make_retrying(
      make_faulty(make_memory_store(), fail_calls(Operation::kPut, 1, 5)), options, {});
  EXPECT_TRUE(store->put("a", "x"));
  EXPECT_EQ(retries, 5);
  EXPECT_EQ(store->get("a"), "x");
}

TEST(Retrying, RetriesOnlyWhatIsUnavailable) {
  for (const ErrorCode code : {ErrorCode::kNotFound, ErrorCode::kDenied, ErrorCode::kInvalid,
                               ErrorCode::kCorrupt, ErrorCode::kInternal}) {
    int calls = 0;
    const auto store = make_retrying(make_faulty(make_memory_store(),
                                                 [&](const Call&) {
                                                   ++calls;
                                                   return Fault{.error = Error{code, "no"}};
                                                 }),
                                     quick(), {});
    const auto result = store->get("a");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), (Error{code, "no"}));
    EXPECT_EQ(calls, 1);
  }
}

TEST(Retrying, GivesUpAtTheDeadlineWithTheLastError) {
  RetryOptions options = quick();
  options.deadline = milliseconds{20};
  const auto store = make_retrying(
      make_faulty(make_memory_store(), fail_calls(Operation::kList, 1, UINT64_MAX)), options, {});
  const auto result = store->list({});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(result.error().message, HasSubstr("gave up after"));
  EXPECT_THAT(result.error().message, HasSubstr(made_up_error().message));
}

TEST(Retrying, AStopEndsTheWait) {
  std::stop_source stop;
  RetryOptions options = quick();
  options.backoff = {.first = std::chrono::hours{1}, .cap = std::chrono::hours{1}};
  options.deadline = std::chrono::hours{10};
  options.on_retry = [&](const Error&) { stop.request_stop(); };
  const auto store = make_retrying(
      make_faulty(make_memory_store(), fail_calls(Operation::kHead, 1)), options, stop.get_token());
  const auto result = store->head("a");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
  EXPECT_THAT(result.error().message, HasSubstr(made_up_error().message));
}

TEST(Retrying, AStopFromAnotherThreadEndsTheWait) {
  std::stop_source stop;
  std::atomic<bool> waiting = false;
  RetryOptions options = quick();
  options.backoff = {.first = std::chrono::hours{1}, .cap = std::chrono::hours{1}};
  options.deadline = std::chrono::hours{10};
  options.on_retry = [&](const Error&) {
    waiting = true;
    waiting.notify_all();
  };
  const auto store =
      make_retrying(make_faulty(make_memory_store(), fail_calls(Operation::kRemove, 1)), options,
                    stop.get_token());
  const std::jthread stopper([&] {
    waiting.wait(false);
    stop.request_stop();
  });
  EXPECT_EQ(store->remove("a").error().code, ErrorCode::kCancelled);
}

TEST(Retrying, AsksNothingAfterAStop) {
  std::stop_source stop;
  stop.request_stop();
  const auto store = make_retrying(make_memory_store(), quick(), stop.get_token());
  EXPECT_EQ(store->put("a", "x").error().code, ErrorCode::kCancelled);
}

// S3 lesson: a PUT whose answer was lost did happen; putting it again must be harmless.
TEST(Retrying, APutWhoseAnswerWasLostIsRepeatedWithoutHarm) {
  const auto inner = make_memory_store();
  const auto store =
      make_retrying(make_faulty(inner, lose_nth_answer(Operation::kPut, 1)), quick(), {});
  EXPECT_TRUE(store->put("a", "x"));
  EXPECT_EQ(inner->get("a"), "x");
}

TEST(Retrying, TheProviderRetriesOpeningAndItsStores) {
  const auto provider = make_retrying_provider(
      make_faulty_provider(make_memory_provider(), fail_calls(Operation::kPut, 1, 2)), quick(), {});
  const auto store = provider->open("bucket", IfMissing::kCreate);
  ASSERT_TRUE(store);
  EXPECT_TRUE((*store)->put("a", "x"));
  EXPECT_EQ(provider->open("missing", IfMissing::kFail).error().code, ErrorCode::kNotFound);
}

TEST(Faulty, TruncatesAGetInSilence) {
  const auto store = make_faulty(make_memory_store(), [](const Call& call) {
    return call.nth == 2 ? Fault{.truncate_bytes = 3} : Fault{};
  });
  EXPECT_TRUE(store->put("a", "0123456789"));
  EXPECT_EQ(store->get("a"), "0123456789");
  EXPECT_EQ(store->get("a"), "012");
  EXPECT_EQ(store->get("a"), "0123456789");
}

TEST(Faulty, TheSameSeedGivesTheSameFaults) {
  const auto run = [] {
    const auto store = make_faulty(make_memory_store(), random_faults(42, 0.3, 0.3));
    std::string outcome;
    for (int i = 0; i < 50; ++i) {
      outcome += store->put("a", "x") ? '.' : 'F';
    }
    return outcome;
  };
  EXPECT_EQ(run(), run());
  EXPECT_THAT(run(), HasSubstr("F"));
  EXPECT_THAT(run(), HasSubstr("."));
}

}  // namespace
}  // namespace nats3::object
