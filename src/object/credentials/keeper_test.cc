#include "object/credentials/keeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <latch>
#include <new>
#include <thread>
#include <vector>

namespace nats3::object {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::HasSubstr;

// Gives out key-1, key-2 and so on, as the test tells it.
class FakeSource final : public CredentialsSource {
 public:
  Result<ExpiringCredentials> fetch() override {
    const int number = ++fetches;
    if (on_fetch) {
      on_fetch();
    }
    if (failure) {
      return fail(*failure);
    }
    ExpiringCredentials fetched{{"key-" + std::to_string(number), secret, "token"}, std::nullopt};
    if (lifetime) {
      fetched.expires = clock.now() + *lifetime;
    }
    return fetched;
  }
  [[nodiscard]] std::string describe() const override { return "the test"; }

  explicit FakeSource(const Clock& its_clock) : clock(its_clock) {}

  const Clock& clock;
  std::atomic<int> fetches = 0;
  std::optional<std::chrono::nanoseconds> lifetime;
  std::optional<Error> failure;
  std::string secret = "secret";
  std::function<void()> on_fetch;
};

class CredentialsKeeperTest : public testing::Test {
 protected:
  // The access key that is given, or the error's message.
  std::string get() {
    const auto keys = keeper_.get(clock_.now());
    return keys ? keys->access : keys.error().message;
  }
  std::string instead_of(const std::string& access) {
    const auto others = keeper_.instead_of({access, "secret", "token"}, clock_.now());
    return others ? others->access : "";
  }

  ManualClock clock_;
  std::shared_ptr<FakeSource> source_ = std::make_shared<FakeSource>(clock_);
  CredentialsKeeper keeper_{source_, clock_};
};

TEST_F(CredentialsKeeperTest, AsksOnceForWhatDoesNotEnd) {
  EXPECT_EQ(source_->fetches, 0);
  EXPECT_EQ(get(), "key-1");
  clock_.advance(hours{10'000});
  EXPECT_EQ(get(), "key-1");
}

TEST_F(CredentialsKeeperTest, RenewsTenMinutesAhead) {
  source_->lifetime = hours{6};
  EXPECT_EQ(get(), "key-1");
  clock_.advance(hours{6} - minutes{10} - seconds{1});
  EXPECT_EQ(get(), "key-1");
  clock_.advance(seconds{1});
  EXPECT_EQ(get(), "key-2");
}

TEST_F(CredentialsKeeperTest, RenewsInTheLastQuarterOfAShortTime) {
  source_->lifetime = minutes{4};
  EXPECT_EQ(get(), "key-1");
  clock_.advance(minutes{3} - seconds{1});
  EXPECT_EQ(get(), "key-1");
  clock_.advance(seconds{1});
  EXPECT_EQ(get(), "key-2");
}

TEST_F(CredentialsKeeperTest, RenewsHoweverShortTheTime) {
  source_->lifetime = seconds{4};
  EXPECT_EQ(get(), "key-1");
  clock_.advance(seconds{3});
  EXPECT_EQ(get(), "key-2");
}

// Whether they still hold when they have ended is S3's to decide.
TEST_F(CredentialsKeeperTest, WhatCannotBeRenewedIsGivenOn) {
  source_->lifetime = hours{1};
  EXPECT_EQ(get(), "key-1");
  source_->failure = Error{ErrorCode::kUnavailable, "gone"};
  clock_.advance(minutes{50});
  EXPECT_EQ(get(), "key-1");
  EXPECT_EQ(source_->fetches, 2);
  clock_.advance(seconds{29});
  EXPECT_EQ(get(), "key-1");
  EXPECT_EQ(source_->fetches, 2) << "asked again at once";
  clock_.advance(seconds{1});
  EXPECT_EQ(get(), "key-1");
  EXPECT_EQ(source_->fetches, 3);
  EXPECT_EQ(keeper_.trouble(), source_->failure);

  clock_.advance(hours{1});
  EXPECT_EQ(get(), "key-1");
  source_->failure.reset();
  clock_.advance(seconds{30});
  EXPECT_EQ(get(), "key-5");
  EXPECT_EQ(keeper_.trouble(), std::nullopt);
}

TEST_F(CredentialsKeeperTest, TellsOnceThatTheyCannotBeRenewedAndOnceThatTheyCan) {
  std::vector<std::string> told;
  CredentialsKeeper keeper(source_, clock_, [&](const std::optional<Error>& trouble) {
    told.push_back(trouble ? trouble->message : "fine");
  });
  source_->lifetime = minutes{4};
  const auto get_after = [&](minutes time) {
    clock_.advance(time);
    static_cast<void>(keeper.get(clock_.now()));
  };
  get_after(minutes{0});
  get_after(minutes{3});
  source_->failure = Error{ErrorCode::kUnavailable, "gone"};
  get_after(minutes{3});
  get_after(minutes{3});
  source_->failure.reset();
  get_after(minutes{3});
  get_after(minutes{3});
  EXPECT_EQ(source_->fetches, 6);
  EXPECT_THAT(told, testing::ElementsAre("gone", "fine"));
}

TEST_F(CredentialsKeeperTest, WhoeverWaitsLearnsFromOneFailure) {
  source_->failure = Error{ErrorCode::kDenied, "no role"};
  EXPECT_EQ(get(), "no role");
  EXPECT_EQ(get(), "no role");
  EXPECT_EQ(source_->fetches, 1);
  clock_.advance(seconds{1});
  EXPECT_EQ(get(), "no role");
  EXPECT_EQ(source_->fetches, 2);
}

// By a clock of the source that is ahead of ours, say.
TEST_F(CredentialsKeeperTest, WhatSeemsToHaveEndedWhenItComesIsTriedAllTheSame) {
  source_->lifetime = -hours{1};
  EXPECT_EQ(get(), "key-1");
  EXPECT_EQ(get(), "key-1");
  clock_.advance(seconds{30});
  EXPECT_EQ(get(), "key-2");
}

TEST_F(CredentialsKeeperTest, WhatS3RefusesIsRenewed) {
  EXPECT_EQ(get(), "key-1");
  clock_.advance(seconds{10});
  EXPECT_EQ(instead_of("key-1"), "key-2");
  EXPECT_EQ(get(), "key-2");
  // Who was refused with the old ones finds the new ones there.
  EXPECT_EQ(instead_of("key-1"), "key-2");
  EXPECT_EQ(source_->fetches, 2);
}

TEST_F(CredentialsKeeperTest, RefusalsThatAreNotAboutKeysAskRarely) {
  EXPECT_EQ(get(), "key-1");
  EXPECT_EQ(instead_of("key-1"), "");
  EXPECT_EQ(source_->fetches, 1);
  const auto refuse_for = [&](std::chrono::minutes time) {
    for (auto passed = seconds{0}; passed < time; passed += seconds{1}) {
      clock_.advance(seconds{1});
      static_cast<void>(instead_of(get()));
    }
  };
  refuse_for(minutes{10});
  EXPECT_THAT(source_->fetches, testing::AllOf(testing::Ge(10), testing::Le(14)));
  // Long after that they may be about keys again.
  clock_.advance(minutes{3});
  const std::string before = get();
  EXPECT_NE(instead_of(before), "");
  clock_.advance(seconds{10});
  EXPECT_EQ(instead_of(get()), "") << "the pause has grown";
  clock_.advance(seconds{10});
  EXPECT_NE(instead_of(get()), "");
}

// One bucket may be refused where all others are not.
TEST_F(CredentialsKeeperTest, WhatS3RefusedIsGivenOnWhereTheSourceFails) {
  EXPECT_EQ(get(), "key-1");
  clock_.advance(seconds{10});
  source_->failure = Error{ErrorCode::kUnavailable, "gone"};
  EXPECT_EQ(instead_of("key-1"), "");
  EXPECT_EQ(get(), "key-1");
  EXPECT_EQ(source_->fetches, 2);
}

TEST_F(CredentialsKeeperTest, NobodyWaitsWhileARefusalIsLookedInto) {
  EXPECT_EQ(get(), "key-1");
  clock_.advance(seconds{10});
  std::string meanwhile;
  source_->on_fetch = [&] {
    meanwhile = std::async(std::launch::async, [&] { return get(); }).get();
  };
  EXPECT_EQ(instead_of("key-1"), "key-2");
  EXPECT_EQ(meanwhile, "key-1");
}

TEST_F(CredentialsKeeperTest, ASourceThatThrowsIsASourceThatFails) {
  source_->on_fetch = [] { throw std::bad_alloc(); };
  EXPECT_NE(get(), "");
  source_->on_fetch = {};
  clock_.advance(seconds{1});
  EXPECT_EQ(get(), "key-2");
}

TEST_F(CredentialsKeeperTest, TheSameOnceMoreAreNoOthers) {
  const auto fixed = fixed_credentials({"access", "secret", ""});
  CredentialsKeeper keeper(fixed, clock_);
  const auto keys = keeper.get(clock_.now());
  clock_.advance(hours{1});
  EXPECT_EQ(keeper.instead_of(*keys, clock_.now()), std::nullopt);
  EXPECT_EQ(keeper.get(clock_.now()), *keys);
}

TEST_F(CredentialsKeeperTest, WhatNoRequestCanCarryIsDenied) {
  source_->secret = "line\nbreak";
  const auto keys = keeper_.get(clock_.now());
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code, ErrorCode::kDenied);
  EXPECT_THAT(keys.error().message, HasSubstr("the test: "));
  EXPECT_THAT(keys.error().message, testing::Not(HasSubstr("line\nbreak")));
}

// While one asks, the others go on with what holds.
TEST_F(CredentialsKeeperTest, NobodyWaitsForWhatIsRenewedAhead) {
  source_->lifetime = hours{1};
  EXPECT_EQ(get(), "key-1");
  clock_.advance(minutes{55});
  std::string meanwhile;
  source_->on_fetch = [&] {
    meanwhile = std::async(std::launch::async, [&] { return get(); }).get();
  };
  EXPECT_EQ(get(), "key-2");
  EXPECT_EQ(meanwhile, "key-1");
  EXPECT_EQ(source_->fetches, 2);
}

TEST_F(CredentialsKeeperTest, ManyAtOnceAskOnce) {
  constexpr int kCallers = 8;
  std::latch called(kCallers);
  // Until all have called, and are about to ask as well.
  source_->on_fetch = [&] {
    called.wait();
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  };
  std::vector<std::future<std::string>> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.push_back(std::async(std::launch::async, [&] {
      called.count_down();
      return get();
    }));
  }
  for (auto& caller : callers) {
    EXPECT_EQ(caller.get(), "key-1");
  }
  EXPECT_EQ(source_->fetches, 1);
}

}  // namespace
}  // namespace nats3::object
