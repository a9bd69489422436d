#include "cli/wait.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <ostream>
#include <thread>

#include "base/time_text.h"
#include "cli/job_id.h"
#include "cli/job_output.h"
#include "cli/job_values.h"
#include "cli/live_screen.h"
#include "cli/text_width.h"
#include "cli/watch_view.h"

namespace nats3::cli {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kFirstPause = std::chrono::milliseconds{50};
constexpr nanoseconds kLongestPause = std::chrono::seconds{1};
// What was published just before may be on its way to the job still.
constexpr nanoseconds kSettled = std::chrono::seconds{2};

MonotonicTime monotonic() { return Clock::system().monotonic(); }

tl::expected<std::optional<nanoseconds>, Failure> parse_timeout(const std::string& text) {
  if (text.empty()) {
    return std::nullopt;
  }
  const auto timeout = parse_long_duration(text);
  if (!timeout) {
    return usage("--timeout: " + timeout.error().message);
  }
  return *timeout;
}

// Whether a store job has archived what was in its stream when this was first asked.
class Archived {
 public:
  bool operator()(const Json& job) {
    const auto messages = number_at(job, "/progress/messages");
    const auto lag = number_at(job, "/progress/lag");
    if (!messages || !lag || status_of(job) != "Running" || !text_at(job, "/last_error").empty()) {
      quiet_since_.reset();
      return false;
    }
    if (*lag > 0) {
      quiet_since_.reset();
      // A stream that is written to all the time always lags a little: what came later doesn't
      // count.
      goal_ = goal_.value_or(*messages + *lag);
      return *messages >= *goal_;
    }
    quiet_since_ = quiet_since_.value_or(monotonic());
    return goal_.has_value() || monotonic() - *quiet_since_ >= kSettled;
  }

 private:
  std::optional<double> goal_;
  std::optional<MonotonicTime> quiet_since_;
};

class Wait {
 public:
  // `job`: what is known of it already, or null.
  Wait(const JobCommand& command, std::string job_id, Json job, std::optional<nanoseconds> timeout)
      : command_(command),
        job_id_(std::move(job_id)),
        timeout_(timeout),
        screen_(command.io.err, command.io),
        job_(std::move(job)) {}

  Outcome run() {
    const MonotonicTime begin = monotonic();
    nanoseconds pause = kFirstPause;
    while (true) {
      if (auto looked = look(); !looked || done_) {
        return finish(looked);
      }
      const nanoseconds waited = monotonic() - begin;
      if (timeout_ && waited >= *timeout_) {
        return finish(failed(time_is_up()));
      }
      std::this_thread::sleep_for(timeout_ ? std::min(pause, *timeout_ - waited) : pause);
      pause = std::min(pause * 2, kLongestPause);
    }
  }

 private:
  // Asks for the job once, and sets done_ or gives the failure that ends the waiting.
  Outcome look() {
    const auto job = command_.client.get(job_route(command_.kind), query());
    if (!job && job.error().code == ErrorCode::kUnavailable && !job_.is_null()) {
      show_lost(job.error());
      return {};
    }
    if (!job) {
      return failed(job.error());
    }
    job_ = *job;
    lost_ = false;
    tell_trouble();
    show(watch_line(command_.kind, job_, Clock::system().now()));
    const std::string status = status_of(job_);
    if (status == "Failure") {
      return failed(fmt::format("{} job {} failed: {}; '{}'{}", to_string(command_.kind), job_id_,
                                printable(text_at(job_, "/last_error")), next_command(),
                                command_.kind == JobKind::kVerify ? " tells all" : " tries again"));
    }
    if (status == "Paused") {
      return failed(fmt::format("{} job {} is paused: '{}' goes on, then wait again",
                                to_string(command_.kind), job_id_, command_for("resume")));
    }
    if (command_.kind == JobKind::kLoad && !text_at(job_, "/poll_interval").empty()) {
      return failed(
          fmt::format("load job {} has a poll interval and never ends: look at it with "
                      "'{}'",
                      job_id_, command_for("watch")));
    }
    done_ = command_.kind == JobKind::kStore ? archived_(job_) : status == "Success";
    return {};
  }

  // Of a store job its lag counts, which only the server that works at it knows.
  [[nodiscard]] Query query() const {
    Query query{{"job_id", job_id_}};
    if (command_.kind == JobKind::kStore) {
      query.emplace("fresh", "true");
    }
    return query;
  }

  Outcome finish(Outcome outcome) {
    screen_.clear();
    if (command_.format == OutputFormat::kJson) {
      if (!job_.is_null()) {
        print_json(command_.io, job_);
      }
    } else if (outcome) {
      command_.io.out << fmt::format("{} by {} job {}: {} messages{}\n", done_word(),
                                     to_string(command_.kind), job_id_,
                                     count_at(job_, "/progress/messages"), remark());
    }
    return outcome;
  }

  [[nodiscard]] std::string remark() const {
    switch (command_.kind) {
      case JobKind::kStore:
        return lost();
      case JobKind::kLoad:
        return number_at(job_, "/progress/skipped_chunks").value_or(0) > 0 ? skipped()
               : number_at(job_, "/progress/messages") == 0.0              ? nothing()
                                                                           : "";
      case JobKind::kVerify:
        return damage() + (number_at(job_, "/progress/chunks") == 0.0 ? nothing() : "");
    }
    return "";
  }

  // What isn't archived, or why that is nothing to worry about.
  [[nodiscard]] std::string lost() const {
    if (number_at(job_, "/progress/unseen").value_or(0) > 0) {
      return fmt::format("; up to {} left the stream before they were archived",
                         count_at(job_, "/progress/unseen"));
    }
    return number_at(job_, "/progress/messages") == 0.0
               ? "; the stream has none of its subject that isn't archived"
               : "";
  }

  [[nodiscard]] std::string skipped() const {
    return fmt::format("; damaged or missing chunks that were skipped: {}",
                       count_at(job_, "/progress/skipped_chunks"));
  }

  // Mostly a subject or a time that was meant otherwise.
  [[nodiscard]] std::string nothing() const {
    const std::string prefix = text_at(job_, "/prefix");
    return fmt::format(
        "; nothing that is archived matches what was asked for: 'nats3 archive "
        "show --bucket {} --stream {}{}' tells what there is",
        text_at(job_, "/bucket"),
        text_at(job_, command_.kind == JobKind::kLoad ? "/read_stream" : "/stream"),
        prefix.empty() ? "" : " --prefix " + prefix);
  }

  [[nodiscard]] std::string damage() const {
    return fmt::format("; damaged or missing: {}, made whole: {}",
                       count_at(job_, "/progress/damaged"), count_at(job_, "/progress/repaired"));
  }

  [[nodiscard]] std::string_view done_word() const {
    switch (command_.kind) {
      case JobKind::kStore:
        return "Archived";
      case JobKind::kLoad:
        return "Replayed";
      case JobKind::kVerify:
        return "Verified";
    }
    return "Done";
  }

  [[nodiscard]] std::string command_for(std::string_view verb) const {
    return fmt::format("nats3 {} {} --job-id {}", to_string(command_.kind), verb, job_id_);
  }

  [[nodiscard]] std::string next_command() const {
    return command_for(command_.kind == JobKind::kVerify ? "show" : "resume");
  }

  [[nodiscard]] std::string time_is_up() const {
    const std::string waits = printable(text_at(job_, "/last_error"));
    return fmt::format("not done within {}{}; the job goes on: '{}' waits again",
                       format_duration(*timeout_), waits.empty() ? "" : ", it waits: " + waits,
                       command_for("wait"));
  }

  void show(const std::string& line) {
    if (command_.io.err_is_terminal) {
      screen_.draw({line});
    }
  }

  // Once for each reason, where the line that tells it isn't drawn.
  void tell_trouble() {
    const std::string why = status_of(job_) == "Running" ? text_at(job_, "/last_error") : "";
    if (!command_.io.err_is_terminal && !why.empty() && why != told_) {
      command_.io.err << fmt::format("nats3: {} job {} waits: {}\n", to_string(command_.kind),
                                     job_id_, printable(why))
                      << std::flush;
    }
    told_ = why;
  }

  void show_lost(const Error& error) {
    const std::string line = "No answer, trying again: " + printable(error.message);
    if (command_.io.err_is_terminal) {
      screen_.draw({line});
    } else if (!lost_) {
      command_.io.err << "nats3: " << line << '\n' << std::flush;
    }
    lost_ = true;
  }

  const JobCommand& command_;
  const std::string job_id_;
  const std::optional<nanoseconds> timeout_;
  LiveScreen screen_;
  Archived archived_;
  Json job_;          // as last answered
  std::string told_;  // why it waits
  bool lost_ = false;
  bool done_ = false;
};

}  // namespace

Outcome wait_for_job(const JobCommand& command, const std::string& job_id,
                     const std::string& timeout) {
  if (job_id.empty()) {
    return usage(
        fmt::format("--job-id is needed: 'nats3 {} list' shows the ids", to_string(command.kind)));
  }
  const auto limit = parse_timeout(timeout);
  if (!limit) {
    return tl::unexpected(limit.error());
  }
  const auto found = find_job_id(command, job_id);
  if (!found) {
    return tl::unexpected(found.error());
  }
  return Wait(command, *found, Json(), *limit).run();
}

Outcome wait_for_created(const JobCommand& command, const Json& job, const std::string& timeout) {
  const auto limit = parse_timeout(timeout);
  if (!limit) {
    return tl::unexpected(limit.error());
  }
  return Wait(command, text_at(job, "/id"), job, *limit).run();
}

Outcome check_wait(JobKind kind, const WaitFlags& flags, const Json& body) {
  if (!flags.wait) {
    return flags.timeout.empty() ? Outcome{} : usage("--timeout goes with --wait");
  }
  if (const auto limit = parse_timeout(flags.timeout); !limit) {
    return tl::unexpected(limit.error());
  }
  if (body.value("paused", Json()) == true) {
    return usage("--wait and --paused exclude each other: a paused job does nothing");
  }
  if (kind == JobKind::kLoad && !text_at(body, "/poll_interval").empty()) {
    return usage("--wait and --poll-interval exclude each other: such a job never ends");
  }
  return {};
}

}  // namespace nats3::cli
