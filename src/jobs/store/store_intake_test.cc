#include "jobs/store/store_intake.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "jobs/simulation/jobs_testing.h"
#include "jobs/simulation/sample_jobs_testing.h"
#include "jobs/store/kept_chunk.h"
#include "jobs/store/pending_chunk_testing.h"

namespace nats3::jobs {
namespace {

using Came = StoreIntake::Came;

// Delivers what it is given, then nothing.
class ScriptedSource final : public nats::Source {
 public:
  explicit ScriptedSource(std::deque<std::vector<nats::Delivery>> script)
      : script_(std::move(script)) {}

  Result<nats::DeliveryBatch> fetch(const nats::FetchLimits& /*limits*/) override {
    if (script_.empty()) {
      return nats::DeliveryBatch();
    }
    nats::DeliveryBatch batch(std::move(script_.front()), nullptr);
    script_.pop_front();
    return batch;
  }
  void on_ready(std::function<void()> /*callback*/) override {}
  Result<void> ack(const std::vector<std::string>& /*ack_subjects*/) override { return {}; }
  Result<void> extend(const std::vector<std::string>& /*ack_subjects*/) override { return {}; }
  [[nodiscard]] std::size_t max_unacknowledged() const override { return SIZE_MAX; }
  [[nodiscard]] std::uint64_t pending_at_open() const override { return 0; }

 private:
  std::deque<std::vector<nats::Delivery>> script_;
};

nats::Delivery delivery(std::uint64_t sequence, std::string_view subject = "s.a",
                        std::uint64_t pending = 0) {
  nats::Delivery delivery = make_delivery(sequence, 0);
  delivery.message.subject = subject;
  delivery.pending = pending;
  return delivery;
}

class StoreIntakeTest : public testing::Test {
 protected:
  StoreIntake& open(std::deque<std::vector<nats::Delivery>> script, bool in_order = true,
                    std::uint64_t received = 0) {
    return intake_.emplace(std::make_unique<ScriptedSource>(std::move(script)), job_.spec,
                           StoreIntake::Targets{cutter_, unseen_, watch_}, in_order, received);
  }
  std::uint64_t gathered() const {
    return cutter_.gathered() == nullptr ? 0 : cutter_.gathered()->count();
  }

  World world_;
  TestEnvironment environment_{world_, "us"};
  const StoreJob job_{.info = {}, .spec = store_spec(), .progress = {}};
  ChunkCutter cutter_{
      {},
      [](std::uint64_t previous) { return std::make_unique<KeptChunk>(kChunkSpec, previous); },
      {}};
  UnseenWatch unseen_{environment_.jobs, job_};
  DeliveryWatch watch_{world_.broker, job_.spec, {}};
  std::optional<StoreIntake> intake_;
};

TEST_F(StoreIntakeTest, TakesWhatCameAndSaysHowMuchIsLeft) {
  StoreIntake& intake = open({{delivery(5, "s.a", 9), delivery(7, "s.b", 8)}}, true, 4);
  EXPECT_EQ(intake.take({}), Came::kFew);
  EXPECT_EQ(intake.received(), 7U);
  EXPECT_EQ(gathered(), 2U);
  EXPECT_EQ(watch_.pending(), 8U);
  EXPECT_EQ(intake.take({}), Came::kNothing);
}

TEST_F(StoreIntakeTest, ManyMessagesOrBytesAreMany) {
  std::vector<nats::Delivery> many;
  for (std::uint64_t sequence = 1; sequence <= 1'024; ++sequence) {
    many.push_back(delivery(sequence));
  }
  const std::string payload(1 << 20, 'x');
  nats::Delivery large = delivery(2'000);
  large.message.payload = payload;
  StoreIntake& intake = open({std::move(many), {large}});
  EXPECT_EQ(intake.take({}), Came::kMany);
  EXPECT_EQ(intake.take({}), Came::kMany);
}

TEST_F(StoreIntakeTest, AConsumerThatGoesBackIsOpenedAnew) {
  StoreIntake& intake = open({{delivery(5), delivery(5)}}, true, 4);
  const auto came = intake.take({});
  ASSERT_FALSE(came);
  EXPECT_EQ(came.error(),
            (Error{ErrorCode::kUnavailable, "the consumer went back from sequence 5 to 5"}));
  EXPECT_EQ(gathered(), 1U);
}

TEST_F(StoreIntakeTest, WithAcknowledgementsTheyComeInAnyOrder) {
  StoreIntake& intake = open({{delivery(5), delivery(3), delivery(5)}}, false);
  EXPECT_EQ(intake.take({}), Came::kFew);
  EXPECT_EQ(gathered(), 3U) << "each delivery is to be acknowledged";
  EXPECT_EQ(intake.received(), 0U);
}

TEST_F(StoreIntakeTest, OfAnEditedConsumerNothingIsTaken) {
  StoreIntake& intake = open({{delivery(1, "t.a")}});
  const auto came = intake.take({});
  ASSERT_FALSE(came);
  EXPECT_EQ(came.error(),
            (Error{ErrorCode::kUnavailable,
                   "the consumer delivered 't.a', which 's.>' doesn't select: it was edited"}));
  EXPECT_EQ(gathered(), 0U);
}

}  // namespace
}  // namespace nats3::jobs
