#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/cli_testing.h"

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kPrune = "DELETE /api/v1/archive/stream";
constexpr auto kSome = R"({"stream": "ORDERS", "chunks": 500, "messages": 40000,
    "stored_bytes": 1234567, "from_time": "2024-01-01T00:00:00.000000000Z",
    "to_time": "2024-01-02T00:00:00.000000001Z", "more": true})";
constexpr auto kRest = R"({"stream": "ORDERS", "chunks": 1, "messages": 2, "stored_bytes": 3,
    "from_time": "2024-01-03T00:00:00.000000000Z",
    "to_time": "2024-01-04T00:00:00.000000000Z", "more": false})";
constexpr auto kAll = R"({"stream": "ORDERS", "chunks": 501, "messages": 40002,
    "stored_bytes": 1234570, "from_time": "2024-01-01T00:00:00.000000000Z",
    "to_time": "2024-01-04T00:00:00.000000000Z", "more": false})";
constexpr auto kNothing = R"({"stream": "ORDERS", "chunks": 0, "messages": 0, "stored_bytes": 0,
    "from_time": null, "to_time": null, "more": false})";

class ArchivePruneTest : public CliFixture {
 protected:
  int prune(const std::vector<std::string>& flags, const std::string& input = "") {
    std::vector<std::string> arguments{"archive",  "prune",  "--bucket", "b",
                                       "--stream", "ORDERS", "--before", "2024-02-01T00:00:00Z"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return run(arguments, input);
  }
};

TEST_F(ArchivePruneTest, RemovesUntilThereIsNoMore) {
  server_.then(kPrune, 200, kSome);
  server_.then(kPrune, 200, kRest);
  ASSERT_EQ(prune({"--yes", "--prefix", "p"}), 0) << err();
  EXPECT_EQ(out(),
            "Removed 501 chunks, 40,002 messages (1,234,570 bytes), of 2024-01-01T00:00:00Z to "
            "2024-01-04T00:00:00Z.\n");
  EXPECT_EQ(server_.last().get_param_value("bucket"), "b");
  EXPECT_EQ(server_.last().get_param_value("prefix"), "p");
  EXPECT_EQ(server_.last().get_param_value("stream"), "ORDERS");
  EXPECT_EQ(server_.last().get_param_value("before"), "2024-02-01T00:00:00Z");
  EXPECT_FALSE(server_.last().has_param("dry_run"));
}

TEST_F(ArchivePruneTest, ADryRunRemovesNothing) {
  server_.then(kPrune, 200, kAll);
  ASSERT_EQ(prune({"--dry-run", "--yes"}), 0) << err();
  EXPECT_THAT(out(), HasSubstr("Would remove 501 chunks, 40,002 messages"));
  EXPECT_EQ(server_.last().get_param_value("dry_run"), "true");
}

TEST_F(ArchivePruneTest, AsksFirst) {
  server_.then(kPrune, 200, kAll);
  server_.then(kPrune, 200, kRest);
  ASSERT_EQ(prune({}, "y\n"), 0) << err();
  EXPECT_THAT(err(), HasSubstr("Remove 501 chunks, 40,002 messages"));
  EXPECT_THAT(out(), HasSubstr("Removed 1 chunk, 2 messages (3 bytes)"));
  EXPECT_FALSE(server_.last().has_param("dry_run"));
}

TEST_F(ArchivePruneTest, RemovesNothingWithoutAYes) {
  server_.then(kPrune, 200, kAll);
  for (const char* answer : {"n\n", "\n", "yess\n"}) {
    EXPECT_EQ(prune({}, answer), 1);
    EXPECT_THAT(err(), HasSubstr("nothing was removed"));
    EXPECT_EQ(server_.last().get_param_value("dry_run"), "true");
  }
  EXPECT_EQ(prune({}, ""), 1);  // as in a script
  EXPECT_THAT(err(), HasSubstr("--yes removes without asking"));
  EXPECT_EQ(server_.last().get_param_value("dry_run"), "true");
}

TEST_F(ArchivePruneTest, NothingOldIsNoReasonToAsk) {
  server_.then(kPrune, 200, kNothing);
  for (const std::vector<std::string>& flags : {std::vector<std::string>{}, {"--yes"}}) {
    ASSERT_EQ(prune(flags), 0) << err();
    EXPECT_THAT(out(), HasSubstr("Nothing to remove"));
  }
}

TEST_F(ArchivePruneTest, AFailureSaysWhatIsGone) {
  server_.then(kPrune, 200, kSome);
  server_.then(kPrune, 503, R"({"error": "the bucket is away"})");
  EXPECT_EQ(prune({"--yes"}), 1);
  EXPECT_EQ(out(), "");
  EXPECT_THAT(err(), AllOf(HasSubstr("the bucket is away"), HasSubstr("before that: 500 chunks"),
                           HasSubstr("Run it again")));
}

TEST_F(ArchivePruneTest, AServerThatRemovesNothingAndWantsMoreIsNotAskedForEver) {
  server_.then(kPrune, 200, R"({"chunks": 0, "more": true})");
  EXPECT_EQ(prune({"--yes"}), 0);
}

TEST_F(ArchivePruneTest, JsonIsTheSum) {
  server_.then(kPrune, 200, kSome);
  server_.then(kPrune, 200, kRest);
  ASSERT_EQ(prune({"--yes", "--output", "json"}), 0);
  Json expected = *parse_json(kAll);
  expected.erase("more");
  EXPECT_EQ(parse_json(out()), expected);
}

TEST_F(ArchivePruneTest, NeedsATime) {
  EXPECT_EQ(run({"archive", "prune", "--bucket", "b", "--stream", "S", "--yes"}), 2);
  EXPECT_THAT(err(), HasSubstr("--before"));
  EXPECT_EQ(run({"archive", "prune", "--bucket", "b", "--stream", "S", "--before", "2024"}), 2);
  EXPECT_THAT(server_.last().path, Not(HasSubstr("archive")));
}

}  // namespace
}  // namespace nats3::cli
