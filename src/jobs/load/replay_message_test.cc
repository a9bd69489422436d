#include "jobs/load/replay_message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace nats3::jobs {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Key;
using ::testing::Not;

class ReplayMessageTest : public ::testing::Test {
 protected:
  std::multimap<std::string, std::string> headers_of(std::vector<archive::HeaderField> headers,
                                                     const std::string& epoch = "epoch") {
    const auto mapping = SubjectMapping::parse("s.>", "target");
    ReplayMessage replay(spec_, "job", *mapping);
    const auto out = replay.make(epoch, {.sequence = 7,
                                         .time = Timestamp{std::chrono::nanoseconds{1}},
                                         .subject = "s.a",
                                         .headers = headers,
                                         .payload = "data"});
    EXPECT_EQ(out.subject, "target");
    EXPECT_EQ(out.payload, "data");
    std::multimap<std::string, std::string> found;
    for (const auto& field : out.headers) {
      found.emplace(field.name, field.value);
    }
    return found;
  }

  LoadSpec spec_{.read_stream = "S"};
};

TEST_F(ReplayMessageTest, HeadersComeBackAsTheyWere) {
  const auto headers = headers_of({{"a", "1"}, {"a", "2"}, {"A", ""}, {"Nats-Other", "x"}});
  EXPECT_EQ(headers.count("a"), 2);
  EXPECT_THAT(headers, Contains(std::pair("A", "")));
  EXPECT_THAT(headers, Contains(std::pair("Nats-Other", "x")));
}

// nats-server ignores a header whose name comes up before it, in another header.
TEST_F(ReplayMessageTest, WhatGuardsTheTargetComesBeforeWhatTheMessageSays) {
  const auto mapping = SubjectMapping::parse("s.>", "target");
  const std::vector<archive::HeaderField> headers{
      {"A", "no Nats-Msg-Id, Nats-Expected-Last-Sequence, Nats-Expected-Last-Msg-Id"},
      {"App-Nats-Msg-Id", "x"}};
  for (const bool message_ids : {true, false}) {
    spec_.message_ids = message_ids;
    ReplayMessage replay(spec_, "job", *mapping);
    const auto out = replay.make("epoch", {.sequence = 7, .subject = "s.a", .headers = headers},
                                 {.last_sequence = 5, .previous = true});
    std::vector<std::string_view> names;
    for (const auto& field : out.headers) {
      names.push_back(field.name);
    }
    EXPECT_THAT(names, ElementsAre("Nats-Expected-Last-Sequence",
                                   message_ids ? "Nats-Msg-Id" : "Nats3-Load-Id",
                                   "Nats-Expected-Last-Msg-Id", "A", "App-Nats-Msg-Id",
                                   "Nats3-Stream", "Nats3-Sequence", "Nats3-Time"));
  }
}

TEST_F(ReplayMessageTest, TellsTheOrigin) {
  const auto headers = headers_of({});
  EXPECT_THAT(headers, ElementsAre(std::pair("Nats-Msg-Id", "job:epoch:7"),
                                   std::pair("Nats3-Sequence", "7"), std::pair("Nats3-Stream", "S"),
                                   std::pair("Nats3-Time", "1970-01-01T00:00:00.000000001Z")));
}

// Nothing is claimed that isn't known.
TEST_F(ReplayMessageTest, OfVersion1ChunksTheTimeOfArchivingIsTold) {
  const std::string place = catalog::v1_place(catalog::V1Choice::kNamed, {}, {}, "key");
  const auto headers = headers_of({{"Nats3-Sequence", "1"}, {"Nats3-Archived", "older"}}, place);
  EXPECT_THAT(headers, ElementsAre(std::pair("Nats-Msg-Id", "job:" + place + ":7"),
                                   std::pair("Nats3-Archived", "1970-01-01T00:00:00.000000001Z"),
                                   std::pair("Nats3-Stream", "S")));
  spec_.origin_headers = false;
  EXPECT_THAT(headers_of({}, place), ElementsAre(std::pair("Nats-Msg-Id", "job:" + place + ":7")));
}

TEST_F(ReplayMessageTest, OriginCanBeTurnedOff) {
  spec_.origin_headers = false;
  EXPECT_THAT(
      headers_of({{"Nats3-Time", "kept"}}),
      ElementsAre(std::pair("Nats-Msg-Id", "job:epoch:7"), std::pair("Nats3-Time", "kept")));
}

// The target is to keep no ids, but what arrived must be known again.
TEST_F(ReplayMessageTest, WithoutMessageIdsAnotherHeaderTellsIt) {
  spec_.message_ids = false;
  spec_.origin_headers = false;
  EXPECT_THAT(
      headers_of({{"Nats3-Load-Id", "of another load"}, {"Nats3-Msg-Id", "kept"}}),
      ElementsAre(std::pair("Nats3-Load-Id", "job:epoch:7"), std::pair("Nats3-Msg-Id", "kept")));
}

TEST_F(ReplayMessageTest, ExpectsWhatItIsTold) {
  const auto mapping = SubjectMapping::parse("s.>", "target");
  ReplayMessage replay(spec_, "job", *mapping);
  const auto value = [](const nats::OutgoingMessage& message, std::string_view name) {
    const auto found = std::ranges::find(message.headers, name, &archive::HeaderField::name);
    return found == message.headers.end() ? "none" : std::string(found->value);
  };
  const auto first = replay.make("epoch", {.sequence = 7, .subject = "s.a"}, {.last_sequence = 12});
  EXPECT_EQ(value(first, "Nats-Expected-Last-Sequence"), "12");
  EXPECT_EQ(value(first, "Nats-Expected-Last-Msg-Id"), "none");
  const auto second = replay.make("epoch", {.sequence = 9, .subject = "s.a"}, {.previous = true});
  EXPECT_EQ(value(second, "Nats-Expected-Last-Sequence"), "none");
  EXPECT_EQ(value(second, "Nats-Expected-Last-Msg-Id"), "job:epoch:7");
}

TEST_F(ReplayMessageTest, TheNewestOriginReplacesAnOlderOne) {
  const auto headers = headers_of({{"Nats3-Sequence", "1"}, {"Nats3-Stream", "older"}});
  EXPECT_EQ(headers.count("Nats3-Sequence"), 1);
  EXPECT_THAT(headers, Contains(std::pair("Nats3-Stream", "S")));
}

// A stored Nats-Msg-Id can repeat outside its window and would be dropped inside the target's; the
// others would act on the target, or be refused.
TEST_F(ReplayMessageTest, HeadersThatActOnTheTargetAreRenamed) {
  const auto headers = headers_of({{"Nats-Expected-Last-Msg-Id", "a"},
                                   {"Nats-Expected-Last-Sequence", "9"},
                                   {"Nats-Msg-Id", "own"},
                                   {"Nats-Rollup", "all"},
                                   {"Nats-Schedule", "@at"},
                                   {"Nats-Stream-Source", "ORDERS 7"},
                                   {"Nats-Incr", "+1"},
                                   {"Nats-Counter-Sources", "{}"},
                                   {"Nats-TTL", "5s"},
                                   {"nats-ttl", "6s"}});
  EXPECT_THAT(headers, Contains(std::pair("Nats3-Expected-Last-Msg-Id", "a")));
  EXPECT_THAT(headers, Contains(std::pair("Nats3-Expected-Last-Sequence", "9")));
  EXPECT_THAT(headers, Contains(std::pair("Nats3-Msg-Id", "own")));
  EXPECT_THAT(headers, Contains(std::pair("Nats3-Rollup", "all")));
  EXPECT_THAT(headers, Contains(std::pair("Nats3-Schedule", "@at")));
  EXPECT_THAT(headers, Contains(std::pair("Nats3-Stream-Source", "ORDERS 7")));
  EXPECT_THAT(headers, Contains(std::pair("Nats3-Incr", "+1")));
  EXPECT_THAT(headers, Contains(std::pair("Nats3-Counter-Sources", "{}")));
  EXPECT_EQ(headers.count("Nats3-TTL"), 1);
  EXPECT_EQ(headers.count("Nats3-ttl"), 1);
  EXPECT_THAT(headers, Not(Contains(Key("Nats-Rollup"))));
  EXPECT_EQ(headers.count("Nats-Msg-Id"), 1);
}

}  // namespace
}  // namespace nats3::jobs
