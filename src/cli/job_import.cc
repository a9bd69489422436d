#include "cli/job_import.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>

#include "cli/import_plan.h"
#include "cli/input_file.h"
#include "cli/job_commands.h"
#include "cli/job_output.h"
#include "cli/job_values.h"
#include "cli/table.h"

namespace nats3::cli {
namespace {

enum class Fate { kCreated, kExists, kSkipped, kFailed };

struct Imported {
  const PlannedJob* job;
  Fate result = Fate::kCreated;
  std::string id;
  std::string message;
};

std::string_view to_string(Fate result) {
  switch (result) {
    case Fate::kCreated:
      return "created";
    case Fate::kExists:
      return "exists";
    case Fate::kSkipped:
      return "skipped";
    case Fate::kFailed:
      break;
  }
  return "failed";
}

Color color_of(Fate result) {
  switch (result) {
    case Fate::kCreated:
      return Color::kGreen;
    case Fate::kFailed:
      return Color::kRed;
    case Fate::kExists:
    case Fate::kSkipped:
      break;
  }
  return Color::kGray;
}

tl::expected<std::vector<PlannedJob>, Failure> read_files(Io& io,
                                                          const ImportArguments& arguments) {
  std::vector<PlannedJob> all;
  for (const std::string& file : arguments.files) {
    const auto text = read_input(io, file, kMaxImportBytes);
    if (!text) {
      return failed(text.error());
    }
    auto jobs = plan_import(*text, arguments.all ? Ended::kMakePaused : Ended::kSkip);
    if (!jobs) {
      return failed(jobs.error().with_context(file == "-" ? "standard input" : file));
    }
    std::ranges::move(*jobs, std::back_inserter(all));
    if (all.size() > kMaxImportJobs) {
      return usage(fmt::format("these files hold more than {} jobs: import them one by one",
                               grouped(std::to_string(kMaxImportJobs))));
    }
  }
  sort_by_age(all);
  return all;
}

// Makes jobs on one server, and knows those that are there.
class Importer {
 public:
  Importer(Client& client, bool dry_run) : client_(client), dry_run_(dry_run) {}

  Result<void> look() {
    for (const JobKind kind : {JobKind::kStore, JobKind::kLoad}) {
      if (auto looked = look(kind); !looked) {
        return looked;
      }
    }
    return {};
  }

  Imported import(const PlannedJob& job) {
    if (job.skip) {
      return {&job, Fate::kSkipped, "", job.note};
    }
    if (const auto same = find(job)) {
      return exists(job, *same);
    }
    if (dry_run_) {
      note(job.kind, job.body);
      return {&job, Fate::kCreated, "", told(job)};
    }
    const auto made = client_.post(job_route(job.kind), {},
                                   job.body.dump(-1, ' ', false, Json::error_handler_t::replace));
    if (made) {
      note(job.kind, *made);
      return {&job, Fate::kCreated, text_at(*made, "/id"), told(job)};
    }
    // Somebody else made it meanwhile, or the server knows better what is the same.
    if (made.error().code == ErrorCode::kConflict && look(job.kind)) {
      if (const auto same = find(job)) {
        return exists(job, *same);
      }
    }
    return {&job, Fate::kFailed, "", made.error().message};
  }

 private:
  Result<void> look(JobKind kind) {
    const auto jobs = client_.get(job_route(kind, "s"));
    if (!jobs) {
      return fail(jobs.error());
    }
    for (const Json& job : *jobs) {
      note(kind, job);
    }
    return {};
  }

  void note(JobKind kind, const Json& job) {
    ids_[{kind, definition_of(kind, job)}] = text_at(job, "/id");
  }

  // The id of a job that does the same as `job`, "" for one that a dry run has not made.
  std::optional<std::string> find(const PlannedJob& job) const {
    const auto same = ids_.find({job.kind, definition_of(job.kind, job.body)});
    return same == ids_.end() ? std::nullopt : std::optional(same->second);
  }

  static Imported exists(const PlannedJob& job, const std::string& id) {
    return {&job, Fate::kExists, id,
            job.kind == JobKind::kStore ? "archives the same to the same place already"
                                        : "a job of the same definition is there"};
  }

  // What to know of a job that was made, or would be.
  [[nodiscard]] std::string told(const PlannedJob& job) const {
    std::vector<std::string> parts;
    if (dry_run_) {
      parts.emplace_back("would be made");
    }
    if (!job.note.empty()) {
      parts.push_back(job.note);
    }
    if (const std::string adopted = text_at(job.body, "/adopt_consumer"); !adopted.empty()) {
      parts.push_back(fmt::format("goes on after consumer {}", adopted));
    }
    return fmt::format("{}", fmt::join(parts, "; "));
  }

  Client& client_;
  const bool dry_run_;
  std::map<std::pair<JobKind, std::string>, std::string>
      ids_;  // of the jobs there, by what they do
};

void print_as_json(Io& io, const std::vector<Imported>& results, bool dry_run) {
  Json array = Json::array();
  for (const Imported& one : results) {
    Json entry = {{"kind", to_string(one.job->kind)},
                  {"name", one.job->name},
                  {"result", to_string(one.result)},
                  {"id", one.id.empty() ? Json() : Json(one.id)},
                  {"message", one.message}};
    if (dry_run && one.result == Fate::kCreated) {
      entry["body"] = one.job->body;
    }
    array.push_back(std::move(entry));
  }
  print_json(io, array);
}

void print_as_table(Io& io, const std::vector<Imported>& results, bool dry_run) {
  if (results.empty()) {
    io.out << "There are no jobs in it.\n";
    return;
  }
  Table table({{"KIND", Align::kLeft, Fit::kWhole},
               {"NAME"},
               {"RESULT", Align::kLeft, Fit::kWhole},
               {"ID", Align::kLeft, Fit::kWhole},
               {"WHY", Align::kLeft, Fit::kWhole}});
  for (const Imported& one : results) {
    const bool would = dry_run && one.result == Fate::kCreated;
    table.add_row({{std::string(to_string(one.job->kind))},
                   {one.job->name},
                   {std::string(would ? "-" : to_string(one.result)), color_of(one.result)},
                   {one.id},
                   {one.message}});
  }
  table.drop_if_empty("ID");
  io.out << table.text({.max_width = io.columns, .colors = io.colors()});
  if (dry_run) {
    io.out << "\nNothing was made: this was --dry-run.\n";
  }
}

Outcome outcome_of(const std::vector<Imported>& results) {
  const auto failures = std::ranges::count(results, Fate::kFailed, &Imported::result);
  if (failures == 0) {
    return {};
  }
  return failed(
      fmt::format("{} of {} jobs could not be made, for the reasons given; correct them and import "
                  "again: what is there already is left alone",
                  failures, results.size()));
}

}  // namespace

Outcome import_jobs(const Session& session, const ImportArguments& arguments) {
  const auto jobs = read_files(session.io, arguments);
  if (!jobs) {
    return tl::unexpected(jobs.error());
  }
  Importer importer(session.client, arguments.dry_run);
  if (auto looked = importer.look(); !looked) {
    return failed(looked.error());
  }
  std::vector<Imported> results;
  for (const PlannedJob& job : *jobs) {
    results.push_back(importer.import(job));
  }
  if (session.format == OutputFormat::kJson) {
    print_as_json(session.io, results, arguments.dry_run);
  } else {
    print_as_table(session.io, results, arguments.dry_run);
  }
  return outcome_of(results);
}

}  // namespace nats3::cli
