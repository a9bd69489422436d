// `watch`, against a server that answers as told.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/time_text.h"
#include "cli/live_screen.h"
#include "cli/text_width.h"
#include "cli/watch_testing.h"
#include "cli/watch_view.h"

namespace nats3::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const Timestamp kNow = *parse_time("2026-11-24T08:00:10Z");

TEST(WatchView, ALoadHasABarAndTheTimeLeft) {
  const auto lines =
      watch_table(JobKind::kLoad, Json::array({load_job("Running", 1100)}), kNow, {});
  EXPECT_THAT(lines,
              ElementsAre("ID    NAME    STATUS   PROGRESS              DONE  MESSAGES     OF      "
                          "RATE    LEFT",
                          "id-1  replay  Running  ███████████░░░░░░░░░   55%     1,100  2,000  "
                          "52,310/s  1m 23s"));
}

TEST(WatchView, AStoreHasLagAndTheAgeOfWhatIsHeld) {
  Json job = store_job(1234, 5);
  job["last_error"] = "NATS\x1b[2J can't be reached";
  const auto lines = watch_table(JobKind::kStore, Json::array({job}), kNow, {});
  EXPECT_THAT(lines, ElementsAre("ID    NAME    STATUS   MESSAGES  RATE  LAG  OLDEST",
                                 "id-2  orders  Running     1,234  12/s    5      3s",
                                 "orders waits: NATS [2J can't be reached"));
}

// Before the job has asked its stream for the first time.
TEST(WatchView, AnUnknownLagIsNoNumber) {
  Json job = store_job(0, 0);
  job["progress"]["lag"] = nullptr;
  const auto lines = watch_table(JobKind::kStore, Json::array({job}), kNow, {});
  EXPECT_THAT(lines, ElementsAre("ID    NAME    STATUS   MESSAGES  RATE  LAG  OLDEST",
                                 "id-2  orders  Running         0  12/s    -      3s"));
  EXPECT_THAT(watch_line(JobKind::kStore, job, kNow), Not(HasSubstr("lag")));
}

TEST(WatchView, FitsAnyTerminal) {
  Json job = load_job("Running", 1999);
  job["name"] = std::string(200, 'n');
  Json store = store_job(1'234'567, 1'000'000);
  store["name"] = std::string(200, 'n');
  for (std::size_t columns = 30; columns < 140; ++columns) {
    for (const auto& [kind, one] : {std::pair{JobKind::kLoad, job}, {JobKind::kStore, store}}) {
      const auto lines = watch_table(kind, Json::array({one}), kNow, {.columns = columns});
      ASSERT_EQ(lines.size(), 2U);
      EXPECT_LE(text_width(lines[0]), columns);
      EXPECT_LE(text_width(lines[1]), columns);
      EXPECT_THAT(lines[1], HasSubstr("Running"));
      EXPECT_THAT(lines[1], HasSubstr(kind == JobKind::kLoad ? "99%" : "1,234,567"));
    }
  }
}

TEST(WatchView, WhatTheServerLeavesOutIsBlank) {
  const Json bare = {{"id", "x"}, {"name", "old"}, {"status", "Running"}};
  EXPECT_EQ(watch_line(JobKind::kStore, bare, kNow), "Running");
  EXPECT_EQ(watch_line(JobKind::kLoad, bare, kNow), "Running");
  const Json odd = {{"status", 5},
                    {"progress", {{"share", 7}, {"rate", -1}, {"messages", "many"}}}};
  EXPECT_EQ(watch_line(JobKind::kLoad, odd, kNow), "5, 100%, many messages");
  EXPECT_THAT(watch_table(JobKind::kLoad, Json::array({odd, 5, nullptr}), kNow, {}),
              ::testing::SizeIs(4));
}

TEST(WatchView, DoneIsSaidOnlyOfAll) {
  Json job = load_job("Running", 1999);
  EXPECT_THAT(watch_line(JobKind::kLoad, job, kNow), HasSubstr("99%"));
  EXPECT_EQ(progress_bar(0.999, 4), "███░");
  EXPECT_EQ(progress_bar(1, 4), "████");
  EXPECT_EQ(progress_bar(0, 4), "░░░░");
}

class LiveScreenTest : public CliFixture {
 protected:
  LiveScreenTest() {
    io_.terminal_size = [this] { return size_; };
  }
  TerminalSize size_{.columns = 10, .rows = 5};
  LiveScreen screen_{out_, io_};
};

TEST_F(LiveScreenTest, DrawsInPlace) {
  screen_.draw({"one", "two"});
  screen_.draw({"three"});
  EXPECT_EQ(out(), "one\ntwo\n\x1b[2A\r\x1b[Jthree\n");
  screen_.clear();
  EXPECT_EQ(screen_after(out()), "\n");
}

TEST_F(LiveScreenTest, ALongLineTakesSeveralRows) {
  screen_.draw({"\x1b[31m" + std::string(21, 'x') + "\x1b[0m"});
  screen_.draw({"a"});
  EXPECT_THAT(out(), HasSubstr("\x1b[3A"));
}

TEST_F(LiveScreenTest, ATerminalMadeNarrowerBreaksWhatIsThere) {
  screen_.draw({std::string(10, 'x')});
  size_.columns = 4;
  screen_.draw({"a"});
  EXPECT_THAT(out(), HasSubstr("\x1b[3A"));
}

TEST_F(LiveScreenTest, NeverDrawsMoreThanTheTerminalHas) {
  screen_.draw({"1", "2", "3", "4", "5", "6"});
  EXPECT_EQ(out(), "1\n2\n3\n4\n");
  screen_.draw({"1", std::string(40, 'x'), "3"});
  EXPECT_EQ(screen_after(out()), "1\n\n");
}

class WatchTest : public JobsFixture {};

TEST_F(WatchTest, PipedItIsALineForEachChangeUntilLoadsHaveEnded) {
  interrupt_after(100);
  for (const Json& job : {load_job("Running", 0), load_job("Running", 0), load_job("Running", 1000),
                          load_job("Success", 2000)}) {
    lists(JobKind::kLoad, list(job));
  }
  EXPECT_EQ(run({"load", "watch"}), 0) << err();
  EXPECT_THAT(out(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(out(), ::testing::MatchesRegex(
                         "[^ ]+Z replay: Running, 0%, 0 of 2,000 messages, 52,310/s, 1m 23s left\n"
                         "[^ ]+Z replay: Running, 50%, 1,000 of 2,000 messages, [^\n]+\n"
                         "[^ ]+Z replay: Success, 100%, 2,000 of 2,000 messages\n"));
}

TEST_F(WatchTest, AFailedLoadEndsWith1AndItsReason) {
  Json job = load_job("Failure", 1000);
  job["last_error"] = "chunk 7 is damaged";
  answers_one(job);
  EXPECT_EQ(run({"load", "watch", "--job-id", kLoadId}), 1);
  EXPECT_EQ(server_.last().get_param_value("job_id"), kLoadId);
  EXPECT_THAT(err(), AllOf(HasSubstr("chunk 7 is damaged"), HasSubstr("nats3 load resume")));
}

TEST_F(WatchTest, JsonIsALineForEachJobThatChanged) {
  interrupt_after(3);
  lists(JobKind::kStore, list(store_job(1, 0)));
  lists(JobKind::kStore, list(store_job(1, 0)));
  lists(JobKind::kStore, "[]");
  EXPECT_EQ(run({"store", "watch", "--output", "json"}), 0) << err();
  EXPECT_EQ(out(), store_job(1, 0).dump() + "\n" + R"({"deleted":true,"id":"id-2"})" + "\n");
}

TEST_F(WatchTest, AServerThatGoesAwayIsWaitedFor) {
  interrupt_after(4);
  lists(JobKind::kStore, list(store_job(1, 0)));
  lists(JobKind::kStore, R"({"error": "NATS is away"})", 503);
  lists(JobKind::kStore, "<html>", 502);
  lists(JobKind::kStore, list(store_job(2, 0)));
  EXPECT_EQ(run({"store", "watch"}), 0);
  EXPECT_THAT(out(), AllOf(HasSubstr(" 1 messages"), HasSubstr(" 2 messages")));
  EXPECT_THAT(err(), AllOf(HasSubstr("no answer, trying again: NATS is away"),
                           Not(HasSubstr("502")), HasSubstr("the server answers again")));
}

TEST_F(WatchTest, AServerThatNeverAnsweredIsAnError) {
  EXPECT_EQ(run({"store", "watch", "--server", "http://127.0.0.1:1"}), 1);
  EXPECT_THAT(err(), HasSubstr("nats3 serve"));
}

TEST_F(WatchTest, AJobThatIsDeletedEndsIt) {
  interrupt_after(10);
  answers_one(store_job(1, 0));
  answers_one({{"error", "job id id-2 not found"}}, 404);
  EXPECT_EQ(run({"store", "watch", "--job-id", kStoreId}), 1);
  EXPECT_THAT(err(), HasSubstr("deleted meanwhile"));
}

TEST_F(WatchTest, OnATerminalItIsDrawnInPlace) {
  interrupt_after(3);
  io_.out_is_terminal = true;
  io_.terminal_size = [] { return TerminalSize{.columns = 80, .rows = 24}; };
  lists(JobKind::kStore, list(store_job(1, 9)));
  lists(JobKind::kStore, R"({"error": "NATS is away"})", 503);
  lists(JobKind::kStore, list(store_job(5, 0)));
  EXPECT_EQ(run({"store", "watch"}), 0);
  EXPECT_THAT(out(), HasSubstr("trying again: NATS is away"));
  const std::string screen = screen_after(out());
  EXPECT_THAT(screen, AllOf(HasSubstr("orders  Running         5  12/s    0"),
                            Not(HasSubstr("NATS is away"))));
  EXPECT_EQ(std::ranges::count(screen, '\n'), 4);  // title, job, an end, and where the cursor is
  EXPECT_THAT(err(), IsEmpty());
}

TEST_F(WatchTest, AWrongIntervalIsUsage) {
  for (const char* bad : {"often", "1ms", "2h"}) {
    EXPECT_EQ(run({"store", "watch", "--interval", bad}), 2) << bad;
    EXPECT_THAT(err(), HasSubstr("--interval"));
  }
}

TEST_F(WatchTest, AVerificationIsWatchedToItsEnd) {
  interrupt_after(100);
  Json failed = verify_job("Failure", 1, 0);
  failed["last_error"] = "chunk 7 is damaged";
  lists(JobKind::kVerify, list(verify_job("Running", 0, 0)));
  lists(JobKind::kVerify, list(failed));
  EXPECT_EQ(run({"verify", "watch"}), 1);
  EXPECT_THAT(out(),
              AllOf(HasSubstr("scrub: Running, 2,000 messages, 5/s, 0 damaged, 0 repaired\n"),
                    HasSubstr("scrub: Failure, 2,000 messages, 1 damaged")));
  EXPECT_THAT(err(), AllOf(HasSubstr("verify job id-3 ('scrub') failed: chunk 7 is damaged"),
                           HasSubstr("nats3 verify resume")));
}

}  // namespace
}  // namespace nats3::cli
