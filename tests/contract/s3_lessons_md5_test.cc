// Lessons of S3: who compares a body with which checksum.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "base/digest.h"
#include "tests/contract/s3_lessons.h"

namespace nats3::object {
namespace {

class S3Md5Lessons : public S3Lessons {
 protected:
  static bool has_md5(const ToxicRequest& request) {
    return request.headers.contains("content-md5");
  }
  static bool hash_is_right(const ToxicRequest& request) {
    return request.headers.at("x-amz-content-sha256") == to_hex(as_view(sha256(request.body)));
  }
  static Toxic refusing_wrong_hashes(const ToxicRequest& request) {
    return request.method == "PUT" && !hash_is_right(request)
               ? answer_with(s3_error_answer(400, "XAmzContentSHA256Mismatch"))
               : Toxic{};
  }

  // Puts that came so far.
  [[nodiscard]] std::vector<ToxicRequest> puts() const {
    std::vector<ToxicRequest> found = server_.requests();
    std::erase_if(found, [](const ToxicRequest& request) { return request.method != "PUT"; });
    return found;
  }
  [[nodiscard]] auto trials() const {
    return std::ranges::count_if(puts(), [](const auto& put) { return !hash_is_right(put); });
  }

  const std::string large_ = std::string(100'000, 'x');
};

TEST_F(S3Md5Lessons, AServerThatChecksTheSignedHashGetsNoMd5OfLargeBodies) {
  store();
  server_.set_plan(refusing_wrong_hashes);
  ASSERT_TRUE(store().put("first", large_));
  const auto first = puts();
  ASSERT_EQ(first.size(), 2U);
  EXPECT_FALSE(hash_is_right(first[0]));
  EXPECT_TRUE(hash_is_right(first[1]));
  for (const ToxicRequest& put : first) {
    EXPECT_EQ(put.headers.at("content-md5"), to_base64(as_view(md5(large_))));
  }

  ASSERT_TRUE(store().put("large", large_));
  EXPECT_FALSE(has_md5(puts().back()));
  EXPECT_TRUE(hash_is_right(puts().back()));
  ASSERT_TRUE(store().put("small", "body"));
  EXPECT_TRUE(has_md5(puts().back()));
  EXPECT_EQ(trials(), 1);
  EXPECT_EQ(server_.objects()["/bucket/first"], large_);
  EXPECT_EQ(server_.objects()["/bucket/large"], large_);
}

TEST_F(S3Md5Lessons, AServerThatTakesAnyHashGetsAnMd5OfEachBody) {
  for (const char* key : {"first", "second", "third"}) {
    ASSERT_TRUE(store().put(key, large_));
    EXPECT_TRUE(has_md5(puts().back()));
    EXPECT_EQ(server_.objects()["/bucket/" + std::string(key)], large_);
  }
  EXPECT_EQ(puts().size(), 3U);
  EXPECT_EQ(trials(), 1);
}

TEST_F(S3Md5Lessons, SmallBodiesTellNothing) {
  ASSERT_TRUE(store().put("key", "body"));
  EXPECT_EQ(trials(), 0);
}

// AWS answers InvalidRequest where objects are locked.
TEST_F(S3Md5Lessons, ABucketThatWantsAnMd5GetsIt) {
  for (const char* code : {"InvalidRequest", "MissingContentMD5", "InvalidDigest"}) {
    store_.reset();
    store();
    server_.set_plan([code](const ToxicRequest& request) {
      return request.method == "PUT" && !has_md5(request) ? answer_with(s3_error_answer(400, code))
                                                          : refusing_wrong_hashes(request);
    });
    const std::size_t before = puts().size();
    for (const char* key : {"first", "second", "third"}) {
      ASSERT_TRUE(store().put(key, large_)) << code;
      EXPECT_EQ(server_.objects()["/bucket/" + std::string(key)], large_);
    }
    EXPECT_EQ(puts().size() - before, 2U + 2U + 1U) << code;
  }
}

TEST_F(S3Md5Lessons, ABodyDamagedOnItsWayIsNotTakenForAWishForAnMd5) {
  store();
  server_.set_plan(refusing_wrong_hashes);
  ASSERT_TRUE(store().put("first", large_));
  EXPECT_EQ(store().put("second", Body{large_, sha256("another")}).error().code,
            ErrorCode::kUnavailable);
  ASSERT_TRUE(store().put("third", large_));
  EXPECT_FALSE(has_md5(puts().back()));
}

TEST_F(S3Md5Lessons, WhatIsRefusedWithAnMd5AsWellTellsNothing) {
  store();
  server_.set_plan(refusing_wrong_hashes);
  ASSERT_TRUE(store().put("first", large_));
  server_.set_plan([](const ToxicRequest& request) {
    return request.method == "PUT" ? answer_with(s3_error_answer(400, "InvalidRequest")) : Toxic{};
  });
  EXPECT_EQ(store().put("second", large_).error().code, ErrorCode::kInvalid);
  server_.set_plan(refusing_wrong_hashes);
  ASSERT_TRUE(store().put("third", large_));
  EXPECT_FALSE(has_md5(puts().back()));
}

TEST_F(S3Md5Lessons, ATrialRefusedForAnotherReasonIsSentAsItShouldBe) {
  store();
  server_.set_plan([](const ToxicRequest& request) {
    return request.method == "PUT" && !hash_is_right(request)
               ? answer_with(s3_error_answer(403, "SignatureDoesNotMatch"))
               : Toxic{};
  });
  for (int i = 0; i < 9; ++i) {
    ASSERT_TRUE(store().put("key", large_));
    EXPECT_TRUE(has_md5(puts().back()));
  }
  EXPECT_EQ(trials(), 3);
}

TEST_F(S3Md5Lessons, AnOutageIsOneTrialHoweverLongItLasts) {
  store();
  server_.set_plan([failures = 0](const ToxicRequest& request) mutable {
    return request.method == "PUT" && ++failures <= 5
               ? answer_with(s3_error_answer(503, "SlowDown"))
               : refusing_wrong_hashes(request);
  });
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(store().put("key", large_).error().code, ErrorCode::kUnavailable);
  }
  EXPECT_EQ(trials(), 1);
  ASSERT_TRUE(store().put("key", large_));  // it is well again
  EXPECT_EQ(trials(), 1);
  ASSERT_TRUE(store().put("key", large_));
  EXPECT_EQ(trials(), 2);
  ASSERT_TRUE(store().put("key", large_));
  EXPECT_FALSE(has_md5(puts().back()));
}

TEST_F(S3Md5Lessons, AnUploadInPartsIsTriedWithItsFirstPart) {
  options_.multipart_above_bytes = 1 << 20;
  options_.part_bytes = 5 << 20;
  store();
  server_.set_plan(refusing_wrong_hashes);
  const std::string body(12 << 20, 'y');
  ASSERT_TRUE(store().put("key", body));
  EXPECT_EQ(server_.objects()["/bucket/key"], body);
  EXPECT_EQ(puts().size(), 4U);
  EXPECT_EQ(trials(), 1);
  EXPECT_FALSE(has_md5(puts().back()));
}

TEST_F(S3Md5Lessons, OneOfManyAtOnceIsATrial) {
  store();
  server_.set_plan(refusing_wrong_hashes);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] { EXPECT_TRUE(store().put("key" + std::to_string(i), large_)); });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(trials(), 1);
  EXPECT_EQ(server_.objects().size(), 8U);
}

}  // namespace
}  // namespace nats3::object
