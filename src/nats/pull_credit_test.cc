#include "nats/pull_credit.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace nats3::nats {
namespace {

constexpr MonotonicTime kNow{};
constexpr MonotonicTime kLater = kNow + std::chrono::seconds{30};

TEST(PullCreditTest, ASecondRequestFollowsAtTheFirstsHalfAndAThirdWhenTheFirstMustHaveEnded) {
  PullCredit credit({.max_messages = 40, .max_bytes = 4000});
  const auto first = credit.next(0, 0, kLater);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->messages, 10U);
  EXPECT_EQ(first->bytes, 1000U);
  EXPECT_FALSE(credit.next(0, 0, kLater));
  for (int i = 0; i < 5; ++i) {
    credit.delivered(10);
  }
  ASSERT_TRUE(credit.next(0, 0, kLater));
  for (int i = 0; i < 9; ++i) {
    credit.delivered(10);
    EXPECT_FALSE(credit.next(0, 0, kLater)) << "in turns, the first can have one message left";
  }
  credit.delivered(10);
  EXPECT_FALSE(credit.next(40, 0, kLater)) << "what is buffered counts";
  EXPECT_FALSE(credit.next(0, 3900, kLater));
  EXPECT_TRUE(credit.next(0, 0, kLater));
}

TEST(PullCreditTest, TheRemainderOfAnEndedRequestIsGivenBack) {
  PullCredit credit({.max_messages = 40, .max_bytes = 4000});
  const auto first = credit.next(0, 0, kLater);
  ASSERT_TRUE(first);
  for (int i = 0; i < 5; ++i) {
    credit.delivered(10);
  }
  const auto second = credit.next(0, 0, kLater);
  ASSERT_TRUE(second);
  credit.ended(second->token, 10);
  credit.ended(second->token, 10);  // the same status again changes nothing
  EXPECT_TRUE(credit.any_open());
  EXPECT_TRUE(credit.next(0, 0, kLater)) << "the first still has five";
}

// A stale 404 or 408 of an old request ended the next one in libnats (fixed in 3.6.1).
TEST(PullCreditTest, AnOldRequestsLateStatusDoesntEndTheNext) {
  PullCredit credit({.max_messages = 40, .max_bytes = 4000});
  const auto first = credit.next(0, 0, kLater);
  ASSERT_TRUE(first);
  credit.ended(first->token, std::nullopt);
  EXPECT_FALSE(credit.any_open());
  ASSERT_TRUE(credit.next(0, 0, kLater));
  credit.ended(first->token, std::nullopt);
  EXPECT_TRUE(credit.any_open());
  EXPECT_FALSE(credit.next(0, 0, kLater));
}

TEST(PullCreditTest, AMessageLargerThanAnyRequestIsAskedForAlone) {
  PullCredit credit({.max_messages = 40, .max_bytes = 4000});
  const auto first = credit.next(0, 0, kLater);
  ASSERT_TRUE(first);
  credit.ended_by_size(first->token, 10, 1000);
  EXPECT_FALSE(credit.next(1, 10, kLater)) << "something is buffered";
  const auto alone = credit.next(0, 0, kLater);
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->messages, 1U);
  EXPECT_EQ(alone->bytes, 0U);
  EXPECT_FALSE(credit.next(0, 0, kLater));
  credit.delivered(1'000'000);
  const auto after = credit.next(0, 0, kLater);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->bytes, 1000U);
}

TEST(PullCreditTest, ARequestEndedInItsMiddleBySizeIsNoReasonToAskAlone) {
  PullCredit credit({.max_messages = 10, .max_bytes = 1000});
  const auto first = credit.next(0, 0, kLater);
  ASSERT_TRUE(first);
  credit.delivered(400);
  credit.ended_by_size(first->token, 4, 100);
  const auto next = credit.next(0, 0, kLater);
  ASSERT_TRUE(next);
  EXPECT_GT(next->bytes, 0U);
}

// 2.9 drops a request without a word when a message uses up its last byte.
TEST(PullCreditTest, BytesUsedUpEndARequestAsMessagesDo) {
  PullCredit credit({.max_messages = 40, .max_bytes = 400});
  ASSERT_TRUE(credit.next(0, 0, kLater));
  credit.delivered(60);
  EXPECT_TRUE(credit.any_open());
  credit.delivered(40);
  EXPECT_FALSE(credit.any_open());
}

TEST(PullCreditTest, RequestsPastTheirDeadlineAreForgotten) {
  PullCredit credit({.max_messages = 10, .max_bytes = 1000});
  ASSERT_TRUE(credit.next(0, 0, kLater));
  credit.expire(kNow);
  EXPECT_TRUE(credit.any_open());
  credit.expire(kLater);
  EXPECT_FALSE(credit.any_open());
  EXPECT_TRUE(credit.next(0, 0, kLater));
}

TEST(PullCreditTest, KeepsToTheConsumersLimits) {
  PullCredit credit({.max_messages = 1000,
                     .max_bytes = 100'000,
                     .max_request_messages = 7,
                     .max_request_bytes = 99});
  const auto request = credit.next(0, 0, kLater);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->messages, 7U);
  EXPECT_EQ(request->bytes, 99U);
}

TEST(PullCreditTest, ASharedConnectionGivesEachSourceItsShare) {
  PullCredit credit({.max_messages = 40, .max_bytes = 4000});
  credit.set_share(100);
  EXPECT_EQ(credit.next(0, 0, kLater)->bytes, 100U);
}

// Plays the server, serving in turns or first come first served, with reports as 2.9 sends them.
struct Server {
  std::vector<PullRequest> waiting;
  bool in_turns = false;

  // Sends one message of `size`, if a request can take it.
  bool serve(PullCredit& credit, std::size_t size) {
    while (!waiting.empty()) {
      PullRequest& request = waiting.front();
      if (request.bytes != 0 && size > request.bytes) {
        const PullRequest over = request;
        waiting.erase(waiting.begin());
        credit.ended_by_size(over.token, over.messages, over.bytes);
        continue;
      }
      --request.messages;
      const bool last_byte = request.bytes == size;
      request.bytes -= request.bytes == 0 ? 0 : size;
      const PullRequest after = request;
      if (after.messages == 0 || last_byte) {
        waiting.erase(waiting.begin());
      } else if (in_turns) {
        waiting.erase(waiting.begin());
        waiting.push_back(after);
      }
      credit.delivered(size);
      return true;
    }
    return false;
  }
};

TEST(PullCreditProperty, WhatWaitsAtTheServerStaysWithinTheLimitsAndNothingStalls) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint16_t>& raw_sizes, bool in_turns) {
    const auto max_messages = *rc::gen::inRange<std::size_t>(1, 100);
    const auto max_bytes = *rc::gen::inRange<std::size_t>(4, 5'000);
    PullCredit credit({.max_messages = max_messages, .max_bytes = max_bytes});
    Server server{.waiting = {}, .in_turns = in_turns};
    for (const std::uint16_t raw : raw_sizes) {
      const std::size_t size = raw % 300 + 1;
      // A request that 2.9 ended in silence is found by its deadline.
      for (int attempt = 0; attempt < 8; ++attempt) {
        while (const auto request = credit.next(0, 0, kLater)) {
          server.waiting.push_back(*request);
        }
        std::size_t messages = 0;
        std::size_t bytes = 0;
        for (const PullRequest& request : server.waiting) {
          messages += request.messages;
          bytes += request.bytes;
        }
        RC_ASSERT(messages <= max_messages);
        RC_ASSERT(bytes <= max_bytes);
        if (server.serve(credit, size)) {
          break;
        }
        if (server.waiting.empty() && credit.any_open()) {
          credit.expire(kLater);
        }
        RC_ASSERT(attempt < 7);
      }
    }
  }));
}

}  // namespace
}  // namespace nats3::nats
