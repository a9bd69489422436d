// What S3 servers and the networks before them do to a client, each lesson by name. Against a
// server that misbehaves on demand, so that no S3 is needed.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "object/retrying.h"
#include "object/s3/s3_store.h"
#include "tests/contract/toxic_s3.h"

namespace nats3::object {

class S3Lessons : public testing::Test {
 protected:
  using Kind = Toxic::Kind;

  static Toxic answer_with(ToxicAnswer answer) { return {Kind::kAnswer, std::move(answer), 0}; }

  void SetUp() override {
    options_.endpoint = server_.endpoint();
    options_.credentials = fixed_credentials({"access", "secret", ""});
    options_.http.attempt_timeout = std::chrono::seconds{20};
    options_.clock = &clock_;
  }

  // Opened at first use, with options_ as they are then.
  ObjectStore& store() {
    if (!store_) {
      auto opened = make_s3_provider(options_)->open("bucket", IfMissing::kFail);
      EXPECT_TRUE(opened) << opened.error().message;
      store_ = *opened;
    }
    return *store_;
  }

  std::shared_ptr<ObjectStore> retrying_store() {
    store();
    return make_retrying(
        store_,
        {.backoff = {.first = std::chrono::milliseconds{1}, .cap = std::chrono::milliseconds{2}},
         .deadline = std::chrono::minutes{1},
         .on_retry = [this](const Error&) { clock_.advance(std::chrono::seconds{1}); }},
        {});
  }

  // Treats the first `times` requests of `method` whose target has `target` as `toxic` says.
  void poison(const std::string& method, const std::string& target, const Toxic& toxic,
              int times = 1'000'000) {
    store();
    server_.set_plan([=, seen = 0](const ToxicRequest& request) mutable {
      return request.is(method, target) && ++seen <= times ? toxic : Toxic{};
    });
  }

  // The answer to a get while `toxic` holds.
  Error error_of_get(const Toxic& toxic) {
    EXPECT_TRUE(store().put("key", "0123456789"));
    poison("GET", "/bucket/key", toxic);
    const auto result = store().get("key");
    EXPECT_FALSE(result);
    return result ? Error{} : result.error();
  }

  ManualClock clock_;
  ToxicS3 server_;
  S3Options options_;
  std::shared_ptr<ObjectStore> store_;
};

}  // namespace nats3::object
