#include "cli/job_declarations.h"

#include <fmt/format.h>

#include <memory>

#include "cli/job_commands.h"
#include "cli/wait.h"
#include "cli/watch.h"

namespace nats3::cli {
namespace {

constexpr const char* kJobId = "Id of the job, its first characters, or the job's name";

std::string noun_of(JobKind kind) { return fmt::format("{} job", to_string(kind)); }

// Runs `act` with the session of `line`, for jobs of `kind`.
Outcome with_jobs(CommandLine& line, JobKind kind,
                  const std::function<Outcome(const JobCommand&)>& act,
                  Client::Timeouts timeouts = {}) {
  return line.with_session(
      [&](const Session& session) {
        return act(
            {.io = session.io, .client = session.client, .format = session.format, .kind = kind});
      },
      timeouts);
}

CLI::Option* add_duration(CLI::App& command, const std::string& flag, std::string& text,
                          const std::string& help) {
  return command.add_option(flag, text, help)->type_name("DURATION");
}

void add_field(CLI::App& command, const std::shared_ptr<CreateArguments>& arguments,
               const Field& field) {
  const auto set = [arguments, at = &field](const std::string& text) {
    arguments->values[at] = text;
  };
  if (field.type == FieldType::kYes || field.type == FieldType::kNo) {
    command.add_flag_callback(field.flag, [set] { set("yes"); }, field.help);
    return;
  }
  const bool needed = field.need == Need::kRequired;
  command
      .add_option_function<std::string>(field.flag, set,
                                        fmt::format("{}{}", field.help, needed ? " (needed)" : ""))
      ->type_name(value_name(field));
}

void declare_create(CommandLine& line, CLI::App& group, JobKind kind) {
  auto arguments = std::make_shared<CreateArguments>();
  auto interactive = std::make_shared<bool>(false);
  auto wait = std::make_shared<WaitFlags>();
  CLI::App& command = line.add_command(
      group, "create", fmt::format("Make a {} and start it", noun_of(kind)), [=, &line] {
        arguments->ask = *interactive ? Ask::kInteractive : Ask::kNo;
        return with_jobs(line, kind, [&](const JobCommand& jobs) {
          return create_job(jobs, *arguments, *wait);
        });
      });
  for (const Field& field : fields_of(kind)) {
    add_field(command, arguments, field);
  }
  command
      .add_option("--from-json", arguments->from_json,
                  "Take the job from a JSON file, - for standard input; flags override it")
      ->type_name("FILE");
  command.add_flag("-i,--interactive", *interactive, "Ask for what isn't given");
  command.add_flag("--wait", wait->wait,
                   kind == JobKind::kStore ? "Wait until what is in the stream is archived"
                                           : "Wait until the job has ended");
  add_duration(command, "--timeout", wait->timeout,
               "With --wait: give up waiting after this, such as 5m; the job goes on");
}

void declare_change(CommandLine& line, CLI::App& group, JobKind kind, JobVerb verb,
                    std::string_view name, const std::string& help) {
  auto job_id = std::make_shared<std::string>();
  auto interactive = std::make_shared<bool>(false);
  CLI::App& command = line.add_command(group, name, help, [=, &line] {
    return with_jobs(line, kind, [&](const JobCommand& jobs) {
      return change_job(jobs, verb, *job_id, *interactive ? Ask::kInteractive : Ask::kNo);
    });
  });
  command.add_option("--job-id", *job_id, kJobId)->type_name("ID");
  command.add_flag("-i,--interactive", *interactive, "Ask for the id");
}

void declare_watch(CommandLine& line, CLI::App& group, JobKind kind) {
  auto arguments = std::make_shared<WatchArguments>();
  CLI::App& command = line.add_command(
      group, "watch",
      fmt::format("Show the progress of {}s live, until Ctrl-C{}", noun_of(kind),
                  kind == JobKind::kStore ? "" : " or until all have ended"),
      [=, &line] {
        return with_jobs(
            line, kind, [&](const JobCommand& jobs) { return watch_jobs(jobs, *arguments); },
            kWatchTimeouts);
      });
  command
      .add_option("--job-id", arguments->job_id,
                  "Only this job: its id, the first characters of it, or its name")
      ->type_name("ID");
  add_duration(command, "--interval", arguments->interval, "How often to look [1s]");
}

void declare_wait(CommandLine& line, CLI::App& group, JobKind kind) {
  auto job_id = std::make_shared<std::string>();
  auto timeout = std::make_shared<std::string>();
  CLI::App& command = line.add_command(
      group, "wait",
      kind == JobKind::kStore ? std::string("Wait until what is in the stream is archived")
                              : fmt::format("Wait until a {} has ended", noun_of(kind)),
      [=, &line] {
        return with_jobs(
            line, kind,
            [&](const JobCommand& jobs) { return wait_for_job(jobs, *job_id, *timeout); },
            kWatchTimeouts);
      });
  command.add_option("--job-id", *job_id, kJobId)->type_name("ID");
  add_duration(command, "--timeout", *timeout,
               "Give up waiting after this, such as 5m; the job goes on");
}

}  // namespace

void declare_job_commands(CommandLine& line, JobKind kind, const std::string& help) {
  CLI::App& group = line.add_group(to_string(kind), help);
  const std::string noun = noun_of(kind);
  line.add_command(group, "list", "List the " + noun + "s, newest first",
                   [=, &line] { return with_jobs(line, kind, list_jobs); });
  declare_create(line, group, kind);
  declare_change(line, group, kind, JobVerb::kShow, "show", "Show all of one " + noun);
  declare_watch(line, group, kind);
  declare_wait(line, group, kind);
  declare_change(line, group, kind, JobVerb::kPause, "pause",
                 "Pause a " + noun +
                     (kind == JobKind::kVerify ? "; it goes on where it was"
                                               : "; what it holds is written first"));
  declare_change(line, group, kind, JobVerb::kResume, "resume",
                 "Go on with a " + noun + " that was paused or failed");
  declare_change(line, group, kind, JobVerb::kDelete, "delete",
                 "Stop and forget a " + noun + "; archived data stays");
}

}  // namespace nats3::cli
