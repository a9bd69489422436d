#include "cli/job_commands.h"

#include <fmt/format.h>

#include <iostream>

#include "cli/input_file.h"
#include "cli/job_id.h"
#include "cli/job_output.h"
#include "cli/job_values.h"
#include "cli/question.h"
#include "cli/wait.h"

namespace nats3::cli {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;

tl::unexpected<Failure> input_ended() {
  return tl::unexpected(
      Failure{ExitCode::kFailed, "the input ended before all questions were answered"});
}

tl::expected<Json, Failure> read_json_file(Io& io, const std::string& name) {
  const auto text = read_input(io, name, kMaxFileBytes);
  if (!text) {
    return failed(fmt::format("--from-json: {}", text.error().message));
  }
  auto json = parse_json(*text);
  if (!json) {
    return failed(json.error().with_context(name));
  }
  if (!json->is_object()) {
    return tl::unexpected(
        Failure{ExitCode::kFailed, fmt::format("{}: must hold one JSON object, a job", name)});
  }
  return std::move(*json);
}

bool is_missing(const Json& body, const Field& field) {
  const Json::json_pointer at(field.pointer);
  return !body.contains(at) || body.at(at).is_null();
}

// Sets `field` in `body`. A JSON file can have anything where an object should be.
Outcome set_field(Json& body, const Field& field, const std::string& text) {
  auto value = field_value(field, text);
  if (!value) {
    return usage(value.error().message);
  }
  try {
    body[Json::json_pointer(field.pointer)] = std::move(*value);
  } catch (const Json::exception& error) {
    return tl::unexpected(
        Failure{ExitCode::kFailed, fmt::format("{}: the JSON has no place for it", field.flag)});
  }
  return {};
}

Outcome ask_for_missing(Io& io, JobKind kind, Json& body) {
  for (const Field& field : fields_of(kind)) {
    const bool required = field.need == Need::kRequired;
    if (std::string_view(field.question).empty() || !is_missing(body, field)) {
      continue;
    }
    while (true) {
      const auto answer =
          ask(io, fmt::format("{}{}", field.question, required ? "" : " (Enter to skip)"));
      if (!answer) {
        return input_ended();
      }
      if (answer->empty() && !required) {
        break;
      }
      if (answer->empty()) {
        io.err << "This one is needed: " << field.help << ".\n";
        continue;
      }
      auto set = set_field(body, field, *answer);
      if (set) {
        break;
      }
      if (set.error().code != ExitCode::kUsage) {
        return set;
      }
      io.err << set.error().message << '\n';
    }
  }
  return {};
}

Outcome check_required(JobKind kind, const Json& body) {
  std::vector<std::string> missing;
  for (const Field& field : fields_of(kind)) {
    if (field.need == Need::kRequired && is_missing(body, field)) {
      missing.emplace_back(field.flag);
    }
  }
  if (missing.empty()) {
    return {};
  }
  return usage(fmt::format("{} create needs {}; or give --from-json FILE, or -i to be asked",
                           to_string(kind), fmt::join(missing, ", ")));
}

std::string_view done_word(JobVerb verb) {
  switch (verb) {
    case JobVerb::kPause:
      return "Paused";
    case JobVerb::kResume:
      return "Resumed";
    case JobVerb::kDelete:
      return "Deleted";
    case JobVerb::kShow:
      break;
  }
  return "";
}

Result<Json> send(const JobCommand& command, JobVerb verb, const Query& query) {
  switch (verb) {
    case JobVerb::kShow:
      return command.client.get(job_route(command.kind), query);
    case JobVerb::kPause:
      return command.client.post(job_route(command.kind, "/pause"), query, "");
    case JobVerb::kResume:
      return command.client.post(job_route(command.kind, "/resume"), query, "");
    case JobVerb::kDelete:
      return command.client.remove(job_route(command.kind), query);
  }
  return fail(ErrorCode::kInternal, "no such verb");
}

}  // namespace

tl::expected<Json, Failure> create_body(Io& io, JobKind kind, const CreateArguments& arguments) {
  Json body = Json::object();
  if (!arguments.from_json.empty()) {
    auto json = read_json_file(io, arguments.from_json);
    if (!json) {
      return json;
    }
    body = std::move(*json);
  }
  for (const auto& [field, text] : arguments.values) {
    if (auto set = set_field(body, *field, text); !set) {
      return tl::unexpected(set.error());
    }
  }
  if (arguments.ask == Ask::kInteractive) {
    if (auto asked = ask_for_missing(io, kind, body); !asked) {
      return tl::unexpected(asked.error());
    }
  } else if (arguments.from_json.empty()) {
    if (auto complete = check_required(kind, body); !complete) {
      return tl::unexpected(complete.error());
    }
  }
  return body;
}

std::string job_route(JobKind kind, std::string_view rest) {
  return fmt::format("/{}/job{}", to_string(kind), rest);
}

Outcome list_jobs(const JobCommand& command) {
  const auto jobs = command.client.get(job_route(command.kind, "s"));
  if (!jobs) {
    return failed(jobs.error());
  }
  if (command.format == OutputFormat::kJson) {
    print_json(command.io, *jobs);
  } else if (jobs->empty()) {
    command.io.out << fmt::format("No {0} jobs yet. Make one with: nats3 {0} create -i\n",
                                  to_string(command.kind));
  } else {
    print_jobs(command.io, command.kind, *jobs);
  }
  return {};
}

Outcome create_job(const JobCommand& command, const CreateArguments& arguments,
                   const WaitFlags& wait) {
  const auto body = create_body(command.io, command.kind, arguments);
  if (!body) {
    return tl::unexpected(body.error());
  }
  if (auto fits = check_wait(command.kind, wait, *body); !fits) {
    return fits;
  }
  std::string text;
  try {
    text = body->dump();
  } catch (const Json::exception&) {
    return usage("a flag's value is not UTF-8 text");
  }
  const auto job = command.client.post(job_route(command.kind), {}, text);
  if (!job) {
    return failed(job.error());
  }
  if (command.format == OutputFormat::kJson) {
    if (wait.wait) {
      return wait_for_created(command, *job, wait.timeout);  // prints it as it then is
    }
    print_json(command.io, *job);
    return {};
  }
  command.io.out << fmt::format("Created the {} job.\n\n", to_string(command.kind));
  print_jobs(command.io, command.kind, Json::array({*job}));
  if (wait.wait) {
    command.io.out << '\n' << std::flush;
    return wait_for_created(command, *job, wait.timeout);
  }
  command.io.out << fmt::format("\nHow it goes: nats3 {} show --job-id {}\n",
                                to_string(command.kind), text_at(*job, "/id"));
  return {};
}

Outcome change_job(const JobCommand& command, JobVerb verb, std::string job_id, Ask ask_for_it) {
  if (job_id.empty() && ask_for_it == Ask::kInteractive) {
    const auto answer = ask(command.io, "Job id or name");
    if (!answer) {
      return input_ended();
    }
    job_id = *answer;
  }
  if (job_id.empty()) {
    return usage(
        fmt::format("--job-id is needed: 'nats3 {} list' shows the ids", to_string(command.kind)));
  }
  const auto found = find_job_id(command, job_id);
  if (!found) {
    return tl::unexpected(found.error());
  }
  job_id = *found;
  const auto answer = send(command, verb, {{"job_id", job_id}});
  if (!answer) {
    return failed(answer.error());
  }
  if (command.format == OutputFormat::kJson) {
    print_json(command.io, verb == JobVerb::kDelete ? Json{{"deleted", job_id}} : *answer);
  } else if (verb == JobVerb::kShow) {
    print_job(command.io, *answer);
  } else if (verb == JobVerb::kResume && status_of(*answer) == "Success") {
    command.io.out << fmt::format(
        "The {} job {} has ended in Success: there is nothing to resume\n", to_string(command.kind),
        job_id);
  } else {
    command.io.out << fmt::format(
        "{} {} job {}{}\n", done_word(verb), to_string(command.kind), job_id,
        verb != JobVerb::kDelete           ? ""
        : command.kind == JobKind::kVerify ? "; the archive stays as it is"
                                           : "; what it archived or published stays");
  }
  return {};
}

}  // namespace nats3::cli
