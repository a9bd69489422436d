// Lessons of S3: opening and creating buckets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/contract/s3_lessons.h"

namespace nats3::object {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

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
  options_.credentials = fixed_credentials({"access", "", ""});
  EXPECT_EQ(make_s3_provider(options_)->open("bucket", IfMissing::kFail).error().code,
            ErrorCode::kInvalid);
  options_.credentials = fixed_credentials({"access\n", "secret", ""});
  EXPECT_EQ(make_s3_provider(options_)->open("bucket", IfMissing::kFail).error().code,
            ErrorCode::kInvalid);
  options_.credentials = fixed_credentials({"access", "secret", ""});
  options_.endpoint = "localhost";
  EXPECT_EQ(make_s3_provider(options_)->open("bucket", IfMissing::kFail).error().code,
            ErrorCode::kInvalid);
}

}  // namespace
}  // namespace nats3::object
