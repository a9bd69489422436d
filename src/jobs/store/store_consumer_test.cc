#include "jobs/store/store_consumer.h"

#include <gtest/gtest.h>

namespace nats3::jobs {
namespace {

StoreSpec spec_of(const std::string& subject, std::optional<std::string> consumer = std::nullopt) {
  StoreSpec spec;
  spec.stream = "S";
  spec.subject = subject;
  spec.consumer = std::move(consumer);
  return spec;
}

TEST(StoreConsumerTest, SelectsAllWhereItCoversEverySubjectOfTheStream) {
  const nats::StreamInfo info{.name = "S", .subjects = {"a.>", "b"}};
  EXPECT_TRUE(selects_all(spec_of(">"), info));
  EXPECT_FALSE(selects_all(spec_of("a.>"), info));
  EXPECT_TRUE(selects_all(spec_of("a.>"), {.name = "S", .subjects = {"a.b"}}));
}

// It is a mirror, say, and holds subjects that nobody has told of.
TEST(StoreConsumerTest, OfAStreamWhoseSubjectsArentKnownOnlyEverythingIsAll) {
  EXPECT_TRUE(selects_all(spec_of(">"), {.name = "S"}));
  EXPECT_FALSE(selects_all(spec_of("a.>"), {.name = "S"}));
}

TEST(StoreConsumerTest, JobsShareADurableOfOneNameWhereTheyReadWithOne) {
  const nats::StreamInfo limits{.name = "S"};
  const nats::StreamInfo queue{.name = "S", .retention = nats::Retention::kWorkQueue};
  EXPECT_FALSE(share_consumer(spec_of("a"), spec_of("a"), limits));
  EXPECT_TRUE(share_consumer(spec_of("a"), spec_of("a"), queue));
  EXPECT_FALSE(share_consumer(spec_of("a"), spec_of("b"), queue));
  EXPECT_TRUE(share_consumer(spec_of("a", "c"), spec_of("b", "c"), limits));
  EXPECT_FALSE(share_consumer(spec_of("a", "c"), spec_of("a"), limits));
  EXPECT_TRUE(share_consumer(spec_of("a"), spec_of("b", "a"), queue)) << "named after the subject";
}

}  // namespace
}  // namespace nats3::jobs
