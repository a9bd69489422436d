// Lessons of S3: a clock that is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/contract/s3_lessons.h"

namespace nats3::object {
namespace {

using testing::HasSubstr;

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

// By another request's answer, or by whoever looks after the machine's clock.
TEST_F(S3ClockLessons, AHeadIsRepeatedThoughTheClockWasSetRightMeanwhile) {
  ASSERT_TRUE(store().put("key", "body"));
  static constexpr Timestamp kNoon{std::chrono::seconds{1'795'521'600}};  // 2026-11-24T12:00
  server_.set_plan([this](const ToxicRequest& request) {
    if (request.headers.at("x-amz-date").starts_with("20261124T12")) {
      return Toxic{};
    }
    clock_.advance(kNoon - clock_.now());
    return answer_with({403, "", {{"Date", "Tue, 24 Nov 2026 12:00:00 GMT"}}});
  });
  const auto info = store().head("key");
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(server_.count("HEAD", "/bucket/key"), 2);
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

}  // namespace
}  // namespace nats3::object
