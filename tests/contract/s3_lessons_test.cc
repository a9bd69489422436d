// What S3 servers and the networks before them do to a client, each lesson by name. Against a
// server that misbehaves on demand, so that no S3 is needed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.h"
#include "object/retrying.h"
#include "object/s3/s3_store.h"
#include "tests/contract/toxic_s3.h"

namespace nats3::object {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Kind = Toxic::Kind;

Toxic answer_with(ToxicAnswer answer) { return {Kind::kAnswer, std::move(answer), 0}; }

class S3Lessons : public testing::Test {
 protected:
  void SetUp() override {
    options_.endpoint = server_.endpoint();
    options_.access = "access";
    options_.secret = "secret";
    options_.attempt_timeout = std::chrono::seconds{20};
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
        {.backoff = {.first = milliseconds{1}, .cap = milliseconds{2}},
         .deadline = std::chrono::minutes{1},
         .on_retry = [this](const Error&) { clock_.advance(std::chrono::seconds{1}); }},
        {});
  }

  // Treats requests of `method` whose target has `target` as `toxic` says, from the `first` on, for
  // `times` of them.
  void poison(std::string method, std::string target, Toxic toxic, int times = 1'000'000) {
    store();
    server_.set_plan([=, seen = 0](const ToxicRequest& request) mutable {
      return request.is(method, target) && ++seen <= times ? toxic : Toxic{};
    });
  }

  // The answer to a get while `toxic` holds.
  Error error_of_get(Toxic toxic) {
    EXPECT_TRUE(store().put("key", "0123456789"));
    poison("GET", "/bucket/key", std::move(toxic));
    const auto result = store().get("key");
    EXPECT_FALSE(result);
    return result ? Error{} : result.error();
  }

  ManualClock clock_;
  ToxicS3 server_;
  S3Options options_;
  std::shared_ptr<ObjectStore> store_;
};

TEST_F(S3Lessons, ASlowDownStormIsWaitedOutAndEachAttemptSignedAnew) {
  poison("PUT", "/bucket/key", answer_with(s3_error_answer(503, "SlowDown")), 5);
  EXPECT_TRUE(retrying_store()->put("key", "body"));
  EXPECT_EQ(server_.objects()["/bucket/key"], "body");
  std::set<std::string> dates;
  std::set<std::string> signatures;
  for (const ToxicRequest& request : server_.requests()) {
    if (request.is("PUT", "/bucket/key")) {
      dates.insert(request.headers.at("x-amz-date"));
      signatures.insert(request.headers.at("authorization"));
    }
  }
  EXPECT_EQ(dates.size(), 6U);
  EXPECT_EQ(signatures.size(), 6U);
}

TEST_F(S3Lessons, WhatMayHealIsUnavailableAndSaysWhatHappened) {
  for (const int status : {429, 500, 502, 503, 504}) {
    const Error error = error_of_get(answer_with({status, "<html>busy</html>", {}}));
    EXPECT_EQ(error.code, ErrorCode::kUnavailable) << status;
    EXPECT_THAT(error.message,
                AllOf(HasSubstr("getting 'bucket/key'"), HasSubstr(std::to_string(status))));
  }
}

TEST_F(S3Lessons, ADeniedRequestIsNotRetriedAndSaysWhatToDo) {
  poison("PUT", "/bucket/key", answer_with(s3_error_answer(403, "AccessDenied")));
  const auto result = retrying_store()->put("key", "body");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kDenied);
  EXPECT_THAT(result.error().message,
              AllOf(HasSubstr("putting 'bucket/key'"), HasSubstr("403 AccessDenied"),
                    HasSubstr("made up"), HasSubstr("give the access key the right")));
  EXPECT_EQ(server_.count("PUT", "/bucket/key"), 1);
}

TEST_F(S3Lessons, AMissingBucketIsSaidNotRetried) {
  poison("PUT", "/bucket/key", answer_with(s3_error_answer(404, "NoSuchBucket")));
  const auto result = retrying_store()->put("key", "body");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(result.error().message, HasSubstr("create the bucket"));
}

// A proxy's 404 page while its S3 is down must not make an object missing.
TEST_F(S3Lessons, A404ThatIsNotOfS3IsUnavailable) {
  const Error error = error_of_get(answer_with({404, "default backend - 404", {}}));
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("not S3"));
}

TEST_F(S3Lessons, AHungRequestEndsAtTheHardDeadline) {
  options_.attempt_timeout = milliseconds{300};
  const Error error = error_of_get({Kind::kHang, {}, 0});
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_THAT(error.message, HasSubstr("timed out"));
}

TEST_F(S3Lessons, AHungRequestIsRetriedOnAnotherConnection) {
  options_.attempt_timeout = milliseconds{300};
  poison("PUT", "/bucket/key", {Kind::kHang, {}, 0}, 2);
  EXPECT_TRUE(retrying_store()->put("key", "body"));
  EXPECT_EQ(server_.objects()["/bucket/key"], "body");
}

TEST_F(S3Lessons, AResetConnectionIsUnavailable) {
  EXPECT_EQ(error_of_get({Kind::kReset, {}, 0}).code, ErrorCode::kUnavailable);
}

TEST_F(S3Lessons, ACutAnswerIsUnavailableNotAShortObject) {
  for (const std::size_t bytes : {0, 1, 9}) {
    EXPECT_EQ(error_of_get({Kind::kCut, {}, bytes}).code, ErrorCode::kUnavailable) << bytes;
  }
}

TEST_F(S3Lessons, APutWhoseAnswerWasLostDidHappenAndIsRepeatedWithoutHarm) {
  poison("PUT", "/bucket/key", {Kind::kLoseAnswer, {}, 0}, 3);
  EXPECT_TRUE(retrying_store()->put("key", "body"));
  EXPECT_EQ(server_.objects()["/bucket/key"], "body");
}

TEST_F(S3Lessons, AServerThatIsAwayIsUnavailable) {
  options_.endpoint = "http://127.0.0.1:1";
  const auto opened = make_s3_provider(options_)->open("bucket", IfMissing::kFail);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(opened.error().message,
              AllOf(HasSubstr("opening the bucket 'bucket'"), HasSubstr("is the server up")));
}

// Listings.

TEST_F(S3Lessons, AListingThatIsNoneIsUnavailable) {
  for (const std::string& body : {std::string("<html/>"), std::string("not xml"), std::string(),
                                  std::string("<ListBucketResult><Contents><Key>a</Key>")}) {
    poison("GET", "/bucket?", answer_with({200, body, {}}));
    const auto page = store().list({});
    ASSERT_FALSE(page) << body;
    EXPECT_EQ(page.error().code, ErrorCode::kUnavailable) << body;
    EXPECT_THAT(page.error().message, HasSubstr("listing 'bucket'"));
  }
}

TEST_F(S3Lessons, AnOversizedListingIsNotReadToItsEnd) {
  poison("GET", "/bucket?",
         answer_with({200, "<ListBucketResult>" + std::string(20 << 20, ' '), {}}));
  const auto page = store().list({});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(page.error().message, HasSubstr("larger than"));
}

TEST_F(S3Lessons, AnEndlessErrorTextDoesNotHideTheStatus) {
  const Error error = error_of_get(answer_with({503, std::string(5 << 20, 'x'), {}}));
  EXPECT_EQ(error.code, ErrorCode::kUnavailable);
  EXPECT_LT(error.message.size(), 1000U);
}

TEST_F(S3Lessons, ListingsAskForEncodedKeysAndKeepTheTokenOpaque) {
  static_cast<void>(store().list({.prefix = "p/a b", .start_after = "p/a b/1", .delimiter = "/"}));
  static_cast<void>(store().list({.start_after = "ignored", .token = "1/a+b=c&d", .limit = 7}));
  const auto requests = server_.requests();
  EXPECT_EQ(requests[requests.size() - 2].target,
            "/bucket?delimiter=%2F&encoding-type=url&list-type=2&max-keys=1000&prefix=p%2Fa%20b"
            "&start-after=p%2Fa%20b%2F1");
  EXPECT_EQ(requests.back().target,
            "/bucket?continuation-token=1%2Fa%2Bb%3Dc%26d&encoding-type=url&list-type=2"
            "&max-keys=7&prefix=");
}

// What goes over the wire.

TEST_F(S3Lessons, ABodyGoesPlainWithItsMd5AndItsHash) {
  ASSERT_TRUE(store().put("key", "body"));
  const ToxicRequest put = server_.requests().back();
  EXPECT_EQ(put.headers.at("content-md5"), to_base64(as_view(md5("body"))));
  EXPECT_EQ(put.headers.at("x-amz-content-sha256"), to_hex(as_view(sha256("body"))));
  EXPECT_EQ(put.headers.at("content-length"), "4");
  EXPECT_EQ(put.body, "body");
  EXPECT_FALSE(put.headers.contains("content-encoding"));  // no aws-chunked
  EXPECT_FALSE(put.headers.contains("x-amz-checksum-sha256"));
  EXPECT_FALSE(put.headers.contains("expect"));
  EXPECT_THAT(put.headers.at("authorization"),
              HasSubstr("SignedHeaders=content-md5;content-type;host;x-amz-content-sha256;"
                        "x-amz-date"));
}

TEST_F(S3Lessons, AChecksumAndASessionTokenGoAlongWhenConfigured) {
  options_.checksum = Checksum::kSha256;
  options_.session_token = "token/+=";
  ASSERT_TRUE(store().put("key", "body"));
  const ToxicRequest put = server_.requests().back();
  EXPECT_EQ(put.headers.at("x-amz-checksum-sha256"), to_base64(as_view(sha256("body"))));
  EXPECT_EQ(put.headers.at("x-amz-security-token"), "token/+=");
  EXPECT_THAT(put.headers.at("authorization"), HasSubstr("x-amz-security-token"));
}

TEST_F(S3Lessons, OverPlainHttpABodyIsAlwaysSigned) {
  options_.payload_signing = PayloadSigning::kUnsignedOnHttps;
  ASSERT_TRUE(store().put("key", "body"));
  EXPECT_EQ(server_.requests().back().headers.at("x-amz-content-sha256"),
            to_hex(as_view(sha256("body"))));
}

TEST_F(S3Lessons, OddKeysAreEncodedAsTheyAreSigned) {
  ASSERT_TRUE(store().put("a b/fix.>/c+d=e*~é", "x"));
  EXPECT_EQ(server_.requests().back().target, "/bucket/a%20b/fix.%3E/c%2Bd%3De%2A~%C3%A9");
}

TEST_F(S3Lessons, BucketsBecomeHostsWhenTold) {
  options_.endpoint.replace(options_.endpoint.find("127.0.0.1"), 9, "localhost");
  options_.addressing = Addressing::kVirtualHost;  // bucket.localhost is this machine
  ASSERT_TRUE(store().put("key", "x"));
  const ToxicRequest put = server_.requests().back();
  EXPECT_EQ(put.target, "/key");
  EXPECT_THAT(put.headers.at("host"), testing::StartsWith("bucket.localhost:"));
}

TEST_F(S3Lessons, MoreThanWasAskedForIsRefused) {
  ASSERT_TRUE(store().put("key", std::string(5000, 'x')));  // and the server ignores ranges
  const auto part = store().get("key", ByteRange{0, 10});
  ASSERT_FALSE(part);
  EXPECT_EQ(part.error().code, ErrorCode::kInvalid);
  options_.max_object_bytes = 1000;
  store_.reset();
  EXPECT_EQ(store().get("key").error().code, ErrorCode::kInvalid);
}

// The clock.

class S3ClockLessons : public S3Lessons {
 protected:
  // Refuses whatever isn't dated 2026-11-24T12:00, as a server of that time would.
  void set_server_clock(bool explain) {
    store();
    server_.set_plan([explain](const ToxicRequest& request) {
      if (request.headers.at("x-amz-date").starts_with("20261124T12")) {
        return Toxic{};
      }
      ToxicAnswer answer =
          s3_error_answer(403, "RequestTimeTooSkewed", {{"Date", "Tue, 24 Nov 2026 12:00:00 GMT"}});
      if (!explain) {
        answer.body.clear();
      }
      return answer_with(answer);
    });
  }
};

TEST_F(S3ClockLessons, ASkewedClockIsSetByTheServersAnswer) {
  set_server_clock(true);
  EXPECT_TRUE(store().put("key", "body"));
  EXPECT_EQ(server_.count("PUT", "/bucket/key"), 2);
  EXPECT_TRUE(store().put("key", "again"));  // the offset stays
  EXPECT_EQ(server_.count("PUT", "/bucket/key"), 3);
}

TEST_F(S3ClockLessons, ASkewedClockIsSetByTheAnswerToAHeadWhichHasNoBody) {
  ASSERT_TRUE(store().put("key", "body"));
  set_server_clock(false);
  const auto info = store().head("key");
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->size, 4U);
}

TEST_F(S3ClockLessons, AServerThatNeverAgreesIsDeniedNotAskedForEver) {
  poison("PUT", "/bucket/key",
         answer_with(s3_error_answer(403, "RequestTimeTooSkewed",
                                     {{"Date", "Tue, 24 Nov 2026 12:00:00 GMT"}})));
  const auto result = store().put("key", "body");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kDenied);
  EXPECT_THAT(result.error().message, HasSubstr("clock"));
  EXPECT_EQ(server_.count("PUT", "/bucket/key"), 2);
}

// Buckets.

class S3BucketLessons : public S3Lessons {
 protected:
  // Opens "new", which is missing and whose creation `create` answers.
  Result<std::shared_ptr<ObjectStore>> open_missing(std::vector<ToxicAnswer> create) {
    server_.set_plan([create, next = std::size_t{0}](const ToxicRequest& request) mutable {
      if (request.is("GET", "/new")) {
        return answer_with(s3_error_answer(404, "NoSuchBucket"));
      }
      return answer_with(create.at(next++));
    });
    return make_s3_provider(options_)->open("new", IfMissing::kCreate);
  }

  std::vector<std::string> create_bodies() {
    std::vector<std::string> bodies;
    for (const ToxicRequest& request : server_.requests()) {
      if (request.is("PUT", "/new")) {
        bodies.push_back(request.body);
      }
    }
    return bodies;
  }
};

TEST_F(S3BucketLessons, CreatingInUsEast1NamesNoLocation) {
  EXPECT_TRUE(open_missing({{200, "", {}}}));
  EXPECT_THAT(create_bodies(), ElementsAre(""));
}

TEST_F(S3BucketLessons, CreatingElsewhereNamesTheRegion) {
  options_.region = "eu-west-1";
  EXPECT_TRUE(open_missing({{200, "", {}}}));
  EXPECT_THAT(create_bodies(),
              ElementsAre(HasSubstr("<LocationConstraint>eu-west-1</LocationConstraint>")));
}

TEST_F(S3BucketLessons, ALocationTheServerDoesNotKnowIsLeftOut) {
  options_.region = "my-rack";
  EXPECT_TRUE(open_missing({s3_error_answer(400, "InvalidLocationConstraint"), {200, "", {}}}));
  EXPECT_THAT(create_bodies(), ElementsAre(HasSubstr("my-rack"), ""));
}

TEST_F(S3BucketLessons, ABucketOfOnesOwnIsSuccess) {
  EXPECT_TRUE(open_missing({s3_error_answer(409, "BucketAlreadyOwnedByYou")}));
}

TEST_F(S3BucketLessons, ABucketOfSomebodyElseIsDenied) {
  const auto opened = open_missing({s3_error_answer(409, "BucketAlreadyExists")});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kDenied);
  EXPECT_THAT(opened.error().message, HasSubstr("another name"));
}

TEST_F(S3BucketLessons, AWrongRegionNamesTheRightOne) {
  server_.set_plan([](const ToxicRequest&) {
    return answer_with(
        s3_error_answer(301, "PermanentRedirect", {{"x-amz-bucket-region", "eu-west-1"}}));
  });
  const auto opened = make_s3_provider(options_)->open("bucket", IfMissing::kCreate);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(opened.error().message, HasSubstr("region 'eu-west-1'"));
}

TEST_F(S3BucketLessons, OptionsThatCannotBeRightAreSaidOnOpening) {
  options_.secret = "";
  EXPECT_EQ(make_s3_provider(options_)->open("bucket", IfMissing::kFail).error().code,
            ErrorCode::kInvalid);
  options_.secret = "secret";
  options_.access = "access\n";
  EXPECT_EQ(make_s3_provider(options_)->open("bucket", IfMissing::kFail).error().code,
            ErrorCode::kInvalid);
  options_.access = "access";
  options_.endpoint = "localhost";
  EXPECT_EQ(make_s3_provider(options_)->open("bucket", IfMissing::kFail).error().code,
            ErrorCode::kInvalid);
}

// Multipart.

class S3MultipartLessons : public S3Lessons {
 protected:
  void SetUp() override {
    S3Lessons::SetUp();
    options_.multipart_above_bytes = 1 << 20;
    options_.part_bytes = 5 << 20;
  }
  const std::string body_ = std::string(6 << 20, 'a') + std::string(5 << 20, 'b') + "c";
};

TEST_F(S3MultipartLessons, ALargeObjectGoesInParts) {
  ASSERT_TRUE(store().put("key", body_));
  EXPECT_EQ(server_.count("PUT", "partNumber="), 3);
  EXPECT_EQ(server_.objects()["/bucket/key"], body_);
  EXPECT_EQ(server_.open_uploads(), 0U);
  for (const ToxicRequest& request : server_.requests()) {
    EXPECT_EQ(request.body.empty(), !request.headers.contains("content-md5")) << request.target;
  }
}

TEST_F(S3MultipartLessons, A200WithAnErrorInsideIsAFailure) {
  poison("POST", "uploadId=", answer_with(s3_error_answer(200, "InternalError")), 1);
  const auto result = store().put("key", body_);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(result.error().message, AllOf(HasSubstr("completing"), HasSubstr("InternalError")));
  EXPECT_EQ(server_.open_uploads(), 0U);
  EXPECT_TRUE(retrying_store()->put("key", body_));
  EXPECT_EQ(server_.objects()["/bucket/key"], body_);
}

TEST_F(S3MultipartLessons, A200ThatDoesNotSayThatItWasDoneIsAFailure) {
  poison("POST", "uploadId=", answer_with({200, "", {}}));
  EXPECT_EQ(store().put("key", body_).error().code, ErrorCode::kUnavailable);
}

TEST_F(S3MultipartLessons, AFailedUploadIsAborted) {
  poison("PUT", "partNumber=2", answer_with(s3_error_answer(403, "AccessDenied")));
  EXPECT_EQ(store().put("key", body_).error().code, ErrorCode::kDenied);
  EXPECT_EQ(server_.open_uploads(), 0U);
  EXPECT_TRUE(server_.objects().empty());
}

TEST_F(S3MultipartLessons, AnAbortThatFailsIsRepeatedAtOnce) {
  store();
  server_.set_plan([aborts = 0](const ToxicRequest& request) mutable {
    if (request.is("PUT", "partNumber=2")) {
      return answer_with(s3_error_answer(503, "SlowDown"));
    }
    return request.is("DELETE", "uploadId=") && ++aborts == 1
               ? answer_with(s3_error_answer(500, "InternalError"))
               : Toxic{};
  });
  EXPECT_FALSE(store().put("key", body_));
  EXPECT_EQ(server_.open_uploads(), 0U);
}

TEST_F(S3MultipartLessons, AnAbortThatKeepsFailingIsRepeatedWithTheNextUpload) {
  store();
  server_.set_plan([](const ToxicRequest& request) {
    return request.is("PUT", "partNumber=2") || request.is("DELETE", "uploadId=")
               ? answer_with(s3_error_answer(503, "SlowDown"))
               : Toxic{};
  });
  EXPECT_FALSE(store().put("key", body_));
  EXPECT_EQ(server_.open_uploads(), 1U);
  server_.set_plan({});
  EXPECT_TRUE(store().put("key", body_));
  EXPECT_EQ(server_.open_uploads(), 0U);
}

TEST_F(S3MultipartLessons, ALostAnswerToTheCompletionIsRepeatedWithoutHarm) {
  poison("POST", "uploadId=", {Kind::kLoseAnswer, {}, 0}, 1);
  EXPECT_TRUE(retrying_store()->put("key", body_));
  EXPECT_EQ(server_.objects()["/bucket/key"], body_);
  EXPECT_EQ(server_.open_uploads(), 0U);
}

}  // namespace
}  // namespace nats3::object
