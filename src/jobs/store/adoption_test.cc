#include "jobs/store/adoption.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jobs/simulation/jobs_testing.h"

namespace nats3::jobs {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A limits stream of 30 messages, 12 of which nats-s3-connector has archived and acknowledged.
class AdoptionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    world_.broker.make_stream("S", {.subjects = {"s.>"}});
    world_.fill("s.a", 30);
  }

  void acknowledge(const std::string& consumer, std::size_t count) {
    const auto source = *world_.broker.open_source(
        {.stream = "S", .filter_subject = "s.>", .consumer = consumer, .explicit_ack = true});
    const auto batch = *source->fetch({.max_messages = count, .max_bytes = 1 << 20});
    std::vector<std::string> acks;
    for (const auto& delivery : batch.deliveries()) {
      acks.emplace_back(delivery.ack_subject);
    }
    ASSERT_EQ(acks.size(), count);
    ASSERT_TRUE(source->ack(acks));
  }
  void put_old_chunk() {
    ASSERT_TRUE(world_.bucket()->put("S/s.>/1795464796-12.bin", "what it holds isn't looked at"));
  }
  static StoreSpec spec() {
    return {.name = "store", .bucket = "bucket", .stream = "S", .subject = "s.>"};
  }
  std::vector<std::uint64_t> archived() const {
    std::vector<std::uint64_t> sequences;
    for (const auto& [sequence, payload] : world_.archived("S")) {
      sequences.push_back(sequence);
    }
    return sequences;
  }
  static std::vector<std::uint64_t> range(std::uint64_t first, std::uint64_t last) {
    std::vector<std::uint64_t> sequences;
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      sequences.push_back(sequence);
    }
    return sequences;
  }

  World world_;
};

TEST_F(AdoptionTest, NamesTheConnectorsConsumer) {
  EXPECT_EQ(connector_consumer("orders.*.eu.>"), "orders___eu__");
  EXPECT_EQ(connector_consumer("plain"), "plain");
}

TEST_F(AdoptionTest, AStoreJobBeginsAfterTheAckFloorOfTheConsumerItAdopts) {
  acknowledge("s__", 12);
  StoreSpec adopting = spec();
  adopting.adopt_consumer = "s__";
  TestServer server(world_);
  const std::string id = server.create(adopting).info.id;
  server.run_for(10s);
  EXPECT_EQ(archived(), range(13, 30));
  EXPECT_EQ(server.store(id).progress.lag, 0);
}

TEST_F(AdoptionTest, OldChunksInItsPlaceMakeAJobAdoptWithoutBeingTold) {
  acknowledge("s__", 12);
  put_old_chunk();
  TestServer server(world_);
  EXPECT_EQ(server.create(spec()).spec.adopt_consumer, "s__");
  server.run_for(10s);
  EXPECT_EQ(archived(), range(13, 30));
}

TEST_F(AdoptionTest, WithoutOldChunksAnotherConsumerOfTheSubjectMeansNothing) {
  acknowledge("s__", 12);
  TestServer server(world_);
  EXPECT_EQ(server.create(spec()).spec.adopt_consumer, std::nullopt);
  server.run_for(10s);
  EXPECT_EQ(archived(), range(1, 30));
}

TEST_F(AdoptionTest, OldChunksOfAnotherSubjectOrPrefixMeanNothing) {
  acknowledge("s__", 12);
  ASSERT_TRUE(world_.bucket()->put("S/s.a/1795464796-12.bin", "x"));
  ASSERT_TRUE(world_.bucket()->put("pre/S/s.>/1795464796-12.bin", "x"));
  ASSERT_TRUE(world_.bucket()->put("S/s.>/notes.json", "x"));
  TestServer server(world_);
  server.create(spec());
  server.run_for(10s);
  EXPECT_EQ(archived(), range(1, 30));
}

TEST_F(AdoptionTest, OldChunksWithoutTheirConsumerAreRefused) {
  put_old_chunk();
  TestServer server(world_);
  const auto created = server.manager().create(spec(), Start::kNow);
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(created.error().message, HasSubstr("consumer s__"));
  EXPECT_THAT(*server.manager().store_jobs(), IsEmpty());
}

TEST_F(AdoptionTest, AConsumerThatIsGoneAndLeftNothingMeansFromTheBeginning) {
  StoreSpec adopting = spec();
  adopting.adopt_consumer = "s__";
  TestServer server(world_);
  server.create(adopting);
  server.run_for(10s);
  EXPECT_EQ(archived(), range(1, 30));
}

TEST_F(AdoptionTest, AConsumerOfAnotherSubjectIsRefused) {
  const auto other = *world_.broker.open_source(
      {.stream = "S", .filter_subject = "s.b", .consumer = "other", .explicit_ack = true});
  StoreSpec adopting = spec();
  adopting.adopt_consumer = "other";
  TestServer server(world_);
  const auto created = server.manager().create(adopting, Start::kNow);
  ASSERT_FALSE(created);
  EXPECT_THAT(created.error().message, HasSubstr("selects 's.b'"));
}

// The bucket tells it from then on, whatever becomes of records and consumers.
TEST_F(AdoptionTest, WhatWasAdoptedOutlivesJobAndConsumer) {
  acknowledge("s__", 12);
  StoreSpec adopting = spec();
  adopting.adopt_consumer = "s__";
  for (int tasks : {3, 8, 20, 60}) {
    TestServer server(world_);
    if (server.manager().store_jobs()->empty()) {
      server.create(adopting);
    }
    server.run_some(tasks);
  }
  world_.broker.delete_consumer("S", "s__");
  TestServer server(world_);
  server.run_for(10s);
  EXPECT_EQ(archived(), range(13, 30));
}

TEST_F(AdoptionTest, AWorkQueueIsReadWithTheConsumerThatIsAdopted) {
  world_.broker.make_stream("Q", {.subjects = {"q.>"}, .retention = nats::Retention::kWorkQueue});
  const auto old = *world_.broker.open_source(
      {.stream = "Q", .filter_subject = "q.>", .consumer = "theirs", .explicit_ack = true});
  world_.fill("q.a", 5);
  StoreSpec adopting = spec();
  adopting.stream = "Q";
  adopting.subject = "q.>";
  TestServer server(world_);
  EXPECT_FALSE(server.manager().create(adopting, Start::kNow));  // a second one isn't allowed
  adopting.adopt_consumer = "theirs";
  server.create(adopting);
  server.run_for(10s);
  EXPECT_EQ(world_.archived("Q").size(), 5U);
  EXPECT_THAT(world_.stored("Q"), IsEmpty());
}

// A given consumer on a limits stream: JetStream shows how far the job is.
class GivenConsumerTest : public AdoptionTest {
 protected:
  static StoreSpec given() {
    StoreSpec given = spec();
    given.consumer = "mine";
    return given;
  }
  std::uint64_t floor() { return world_.broker.consumer_position("S", "mine")->ack_floor; }
};

TEST_F(GivenConsumerTest, IsMadeAndAcknowledgedUpToWhatIsArchived) {
  TestServer server(world_);
  const std::string id = server.create(given()).info.id;
  server.run_for(10s);
  EXPECT_EQ(archived(), range(1, 30));
  EXPECT_EQ(floor(), 30U);
  EXPECT_EQ(server.store(id).progress.lag, 0U);
  world_.fill("s.b", 5);
  server.run_for(10s);
  EXPECT_EQ(archived(), range(1, 35));
}

TEST_F(GivenConsumerTest, IsBoundToWhereItStands) {
  acknowledge("mine", 12);
  TestServer server(world_);
  server.create(given());
  server.run_for(10s);
  EXPECT_EQ(archived(), range(13, 30));
  EXPECT_EQ(floor(), 30U);
}

TEST_F(GivenConsumerTest, BeginsWhereTheArchiveEndsWhenItIsMade) {
  {
    TestServer server(world_);
    server.create(spec());
    server.run_for(10s);
  }
  world_.records = std::make_shared<nats::MemoryBucket>(world_.clock);
  world_.fill("s.b", 5);
  TestServer server(world_);
  server.create(given());
  server.run_for(10s);
  EXPECT_EQ(archived(), range(1, 35));
}

// A durable of nats-s3-connector takes 1,000 messages without acknowledgement, and no more.
TEST_F(GivenConsumerTest, ThatHoldsBackIsFlushedAtOnceAndNotByAge) {
  static_cast<void>(*world_.broker.open_source({.stream = "S",
                                                .filter_subject = "s.>",
                                                .consumer = "mine",
                                                .explicit_ack = true,
                                                .max_ack_pending = 7}));
  TestServer server(world_);
  server.create(given());
  server.run_for(500ms);  // far below batch.max_wait
  EXPECT_GE(archived().size(), 28U);
  server.run_for(10s);
  EXPECT_EQ(archived(), range(1, 30));
}

// The old connector took a consumer's name and made nothing of it, so scripts still give one.
TEST_F(GivenConsumerTest, ThatIsNewBeginsAfterWhatOldChunksHold) {
  acknowledge("s__", 12);
  put_old_chunk();
  TestServer server(world_);
  server.create(given());
  server.run_for(10s);
  EXPECT_EQ(archived(), range(13, 30));
  EXPECT_EQ(floor(), 30U);
}

}  // namespace
}  // namespace nats3::jobs
