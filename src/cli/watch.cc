#include "cli/watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>
#include <set>

#include "base/time_text.h"
#include "cli/job_id.h"
#include "cli/job_values.h"
#include "cli/live_screen.h"
#include "cli/text_width.h"
#include "cli/watch_view.h"

namespace nats3::cli {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kDefaultInterval = std::chrono::seconds{1};
constexpr nanoseconds kLeastInterval = std::chrono::milliseconds{100};
constexpr nanoseconds kMostInterval = std::chrono::hours{1};

Timestamp now() { return Clock::system().now(); }

std::string clock_text() {
  // format_time gives nine digits; a second is enough for people.
  return format_time(now()).substr(0, 19) + "Z";
}

tl::expected<nanoseconds, Failure> parse_interval(const std::string& text) {
  if (text.empty()) {
    return kDefaultInterval;
  }
  const auto interval = parse_long_duration(text);
  if (!interval) {
    return usage("--interval: " + interval.error().message);
  }
  if (*interval < kLeastInterval || *interval > kMostInterval) {
    return usage(fmt::format("--interval: must be {} to {}", format_duration(kLeastInterval),
                             format_duration(kMostInterval)));
  }
  return *interval;
}

// Where what was seen goes. `jobs` is always an array.
class Display {
 public:
  virtual ~Display() = default;
  virtual void show(const Json& jobs) = 0;
  // The server gives no answer; called again with each attempt.
  virtual void show_lost(const Error& error, nanoseconds since) = 0;
  virtual void show_back() {}
  // The user has had enough.
  virtual void end() {}
};

class ScreenDisplay final : public Display {
 public:
  ScreenDisplay(Io& io, JobKind kind) : io_(io), kind_(kind), screen_(io.out, io) {}

  void show(const Json& jobs) override {
    jobs_ = jobs;
    draw({});
  }
  void show_lost(const Error& error, nanoseconds since) override {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
    const std::string line = fmt::format("No answer for {}, trying again: {}",
                                         format_duration(seconds), printable(error.message));
    draw({io_.colors() ? colored(line, Color::kRed) : line});
  }

  void end() override { io_.out << '\n' << std::flush; }  // the terminal has shown ^C there

 private:
  // `notices` stand above the table, where they are seen however many jobs there are.
  void draw(std::vector<std::string> notices) {
    const ViewStyle style{.columns = io_.size_now().columns, .colors = io_.colors()};
    auto lines = std::move(notices);
    if (jobs_.empty()) {
      lines.push_back(fmt::format("No {} jobs.", to_string(kind_)));
    } else {
      std::ranges::move(watch_table(kind_, jobs_, now(), style), std::back_inserter(lines));
    }
    screen_.draw(lines);
  }

  Io& io_;
  const JobKind kind_;
  LiveScreen screen_;
  Json jobs_ = Json::array();
};

// A line for each job that changed; what is said of the server goes to standard error.
class LineDisplay final : public Display {
 public:
  LineDisplay(Io& io, JobKind kind, OutputFormat format) : io_(io), kind_(kind), format_(format) {}

  void show(const Json& jobs) override {
    std::set<std::string> there;
    for (const Json& job : jobs) {
      const std::string id = text_at(job, "/id");
      there.insert(id);
      Json state = format_ == OutputFormat::kJson ? job : watch_state(job);
      if (const auto known = states_.find(id); known == states_.end() || known->second != state) {
        print(job);
        states_[id] = std::move(state);
        names_[id] = text_at(job, "/name");
      }
    }
    std::erase_if(states_, [&](const auto& known) {
      const bool gone = !there.contains(known.first);
      if (gone) {
        print_gone(known.first);
      }
      return gone;
    });
  }
  void show_lost(const Error& error, nanoseconds) override {
    if (!lost_) {
      io_.err << fmt::format("nats3: {} no answer, trying again: {}\n", clock_text(),
                             printable(error.message))
              << std::flush;
    }
    lost_ = true;
  }
  void show_back() override {
    lost_ = false;
    io_.err << fmt::format("nats3: {} the server answers again\n", clock_text()) << std::flush;
  }

 private:
  void print(const Json& job) {
    if (format_ == OutputFormat::kJson) {
      io_.out << job.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
      return;
    }
    io_.out << fmt::format("{} {}: {}", clock_text(), printable(text_at(job, "/name")),
                           watch_line(kind_, job, now()))
            << '\n'
            << std::flush;
  }
  void print_gone(const std::string& id) {
    if (format_ == OutputFormat::kJson) {
      io_.out << Json{{"id", id}, {"deleted", true}}.dump() << '\n' << std::flush;
      return;
    }
    io_.out << fmt::format("{} {}: deleted", clock_text(), printable(names_[id])) << '\n'
            << std::flush;
  }

  Io& io_;
  const JobKind kind_;
  const OutputFormat format_;
  std::map<std::string, Json> states_;  // by id, what was printed last
  std::map<std::string, std::string> names_;
  bool lost_ = false;
};

std::unique_ptr<Display> make_display(const JobCommand& command) {
  if (command.format == OutputFormat::kTable && command.io.out_is_terminal) {
    return std::make_unique<ScreenDisplay>(command.io, command.kind);
  }
  return std::make_unique<LineDisplay>(command.io, command.kind, command.format);
}

Result<Json> ask(const JobCommand& command, const std::string& job_id) {
  if (!job_id.empty()) {
    const auto job = command.client.get(job_route(command.kind), {{"job_id", job_id}});
    return job ? Result<Json>(Json::array({*job})) : job;
  }
  auto jobs = command.client.get(job_route(command.kind, "s"));
  if (jobs && !jobs->is_array()) {
    return fail(ErrorCode::kInternal, "the server's list of jobs is not one: is the URL right?");
  }
  return jobs;
}

// Whether an error may pass: the server restarts, a proxy before it says 502.
bool may_pass(const Error& error) {
  return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kInternal;
}

bool all_ended(const Json& jobs) {
  return std::ranges::all_of(jobs, [](const Json& job) { return has_ended(status_of(job)); });
}

// What the command ends with once all jobs in `jobs` have ended.
Outcome outcome_of(JobKind kind, const Json& jobs) {
  std::vector<std::string> failures;
  for (const Json& job : jobs) {
    if (status_of(job) == "Failure") {
      failures.push_back(fmt::format("{} job {} ('{}') failed: {}", to_string(kind),
                                     text_at(job, "/id"), printable(text_at(job, "/name")),
                                     printable(text_at(job, "/last_error"))));
    }
  }
  if (failures.empty()) {
    return {};
  }
  return failed(fmt::format("{}; 'nats3 {} resume --job-id {}' tries again",
                            fmt::join(failures, "\nnats3: "), to_string(kind),
                            jobs.size() == 1 ? text_at(jobs.front(), "/id") : "ID"));
}

class Watch {
 public:
  Watch(const JobCommand& command, std::string job_id)
      : command_(command), job_id_(std::move(job_id)), display_(make_display(command)) {}

  Outcome run(Interrupt& interrupt, nanoseconds interval) {
    do {
      const auto jobs = ask(command_, job_id_);
      if (!jobs && jobs.error().code == ErrorCode::kCancelled) {
        break;
      }
      if (!jobs) {
        if (auto met = meet(jobs.error()); !met) {
          return met;
        }
        continue;
      }
      if (lost_since_) {
        lost_since_.reset();
        display_->show_back();
      }
      answered_ = true;
      display_->show(*jobs);
      if (command_.kind != JobKind::kStore && all_ended(*jobs)) {
        return outcome_of(command_.kind, *jobs);
      }
    } while (!interrupt.wait_for(interval));
    display_->end();
    return {};
  }

 private:
  // Decides about an error: wait for better, or end with what it gives.
  Outcome meet(const Error& error) {
    if (answered_ && error.code == ErrorCode::kNotFound) {
      return failed(
          fmt::format("{} job {} was deleted meanwhile", to_string(command_.kind), job_id_));
    }
    if (!answered_ || !may_pass(error)) {
      return failed(error);
    }
    const MonotonicTime at = Clock::system().monotonic();
    lost_since_ = lost_since_.value_or(at);
    display_->show_lost(error, at - *lost_since_);
    return {};
  }

  const JobCommand& command_;
  const std::string job_id_;
  const std::unique_ptr<Display> display_;
  bool answered_ = false;
  std::optional<MonotonicTime> lost_since_;
};

}  // namespace

Outcome watch_jobs(const JobCommand& command, const WatchArguments& arguments) {
  const auto interval = parse_interval(arguments.interval);
  if (!interval) {
    return tl::unexpected(interval.error());
  }
  const auto interrupt = command.io.catch_interrupts([&] { command.client.interrupt(); });
  std::string job_id;  // "": all
  if (!arguments.job_id.empty()) {
    auto found = find_job_id(command, arguments.job_id);
    if (!found) {
      return tl::unexpected(found.error());
    }
    job_id = std::move(*found);
  }
  return Watch(command, std::move(job_id)).run(*interrupt, *interval);
}

}  // namespace nats3::cli
