#include "cli/import_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/time_text.h"
#include "cli/job_export.h"
#include "cli/job_values.h"
#include "cli/text_width.h"

namespace nats3::cli {
namespace {

enum class Origin { kExport, kList };  // a list may be nats-s3-connector's

constexpr const char* kForms =
    "what 'nats3 job export' wrote, or a list of jobs as GET /store/jobs or GET /load/jobs answer";

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

// The keys of a body, without those inside of `batch` and `encoding`.
std::set<std::string> body_keys(JobKind kind) {
  std::set<std::string> keys;
  for (const Field& field : fields_of(kind)) {
    const std::string_view pointer = std::string_view(field.pointer).substr(1);
    keys.emplace(pointer.substr(0, pointer.find('/')));
  }
  keys.erase("paused");  // it's of this one request; a job's status says whether it should be
  return keys;
}

// Of `job`, what a request that makes it can hold.
Json body_of(JobKind kind, const Json& job) {
  Json body = Json::object();
  for (const std::string& key : body_keys(kind)) {
    if (const auto found = job.find(key); found != job.end() && !found->is_null()) {
      body[key] = *found;
    }
  }
  return body;
}

// The durable consumer that nats-s3-connector reads a subject with.
std::string connector_consumer(std::string subject) {
  std::ranges::replace_if(subject, [](char c) { return c == '.' || c == '>' || c == '*'; }, '_');
  return subject;
}

// A load job needs a name to be known again: the server would make up another each time.
void give_name(Json& body) {
  if (text_at(body, "/name").empty()) {
    const Sha256Digest digest = sha256(definition_of(JobKind::kLoad, body));
    body["name"] = "load-" + to_hex(as_view(digest)).substr(0, 8);
  }
}

void set_status(PlannedJob& planned, const std::string& status, Ended ended) {
  if (status == "Created") {
    return;
  }
  if (status == "Running") {
    planned.note =
        planned.kind == JobKind::kLoad ? "begins anew: all of it is published again" : "";
  } else if (status == "Paused" || (has_ended(status) && ended == Ended::kMakePaused)) {
    planned.body["paused"] = true;
    planned.note = has_ended(status) ? fmt::format("had ended in {}; paused", status) : "paused";
  } else if (has_ended(status)) {
    planned.skip = true;
    planned.note = fmt::format("ended in {}; --all makes it, paused", status);
  } else {
    planned.skip = true;
    planned.note =
        fmt::format("its status '{}' isn't one of a job", cut_to_width(printable(status), 32));
  }
}

Result<PlannedJob> plan_job(const Json& job, Origin origin, Ended ended) {
  if (!job.is_object() || (!job.contains("read_stream") && !job.contains("stream"))) {
    return invalid(
        "is no job: it has neither 'stream', as store jobs have, nor 'read_stream', as "
        "load jobs have");
  }
  PlannedJob planned;
  planned.kind = job.contains("read_stream") ? JobKind::kLoad : JobKind::kStore;
  planned.body = body_of(planned.kind, job);
  planned.created = parse_time(text_at(job, "/created")).value_or(Timestamp{});
  const bool connectors = origin == Origin::kList && !job.contains("progress");
  if (planned.kind == JobKind::kLoad) {
    give_name(planned.body);
  } else if (connectors) {
    planned.body.erase("consumer");  // kept there, and not used
    planned.body["adopt_consumer"] = connector_consumer(text_at(job, "/subject"));
  }
  planned.name = text_at(planned.body, "/name");
  const std::string status = text_at(job, "/status");
  set_status(planned, status.empty() ? "Created" : status, ended);
  return planned;
}

Result<void> add_jobs(const Json& jobs, std::string_view where, Origin origin, Ended ended,
                      std::vector<PlannedJob>& planned) {
  if (!jobs.is_array()) {
    return invalid(fmt::format("{} is no list of jobs; it must be {}", where, kForms));
  }
  if (jobs.size() > kMaxImportJobs) {
    return invalid(fmt::format("{} holds more than {} jobs: import it in parts", where,
                               grouped(std::to_string(kMaxImportJobs))));
  }
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    auto job = plan_job(jobs[i], origin, ended);
    if (!job) {
      return invalid(fmt::format("{}: entry {} {}", where, i + 1, job.error().message));
    }
    planned.push_back(std::move(*job));
  }
  return {};
}

Result<void> add_export(const Json& document, Ended ended, std::vector<PlannedJob>& planned) {
  const Json& version = document.at("nats3_jobs");
  if (!version.is_number_unsigned() || version > kExportVersion || version == 0) {
    return invalid(
        fmt::format("is an export of version {}, and this nats3 reads up to {}: use a newer one",
                    cut_to_width(version.dump(-1, ' ', false, Json::error_handler_t::replace), 32),
                    kExportVersion));
  }
  for (const char* key : {"store_jobs", "load_jobs"}) {
    auto added = add_jobs(document.value(key, Json()), key, Origin::kExport, ended, planned);
    if (!added) {
      return added;
    }
  }
  return {};
}

std::string prefix_of(const Json& job) {
  std::string prefix = text_at(job, "/prefix");
  prefix.erase(0, std::min(prefix.find_first_not_of('/'), prefix.size()));
  prefix.erase(prefix.find_last_not_of('/') + 1);
  return prefix;
}

std::string text_or(const Json& job, const char* pointer, const char* otherwise) {
  const std::string text = text_at(job, pointer);
  return text.empty() ? otherwise : text;
}

// A time or duration in one form, so that two of the same are equal; else as it is.
std::string same_time(const Json& job, const char* pointer) {
  const std::string text = text_at(job, pointer);
  const auto time = parse_time(text);
  return time ? format_time(*time) : text;
}

std::string same_duration(const Json& job, const char* pointer) {
  const Json value = Json::parse(text_at(job, pointer), nullptr, false);
  if (value.is_object()) {
    return fmt::format("{}.{}", text_or(value, "/secs", "0"), text_or(value, "/nanos", "0"));
  }
  const auto duration = parse_duration(text_at(job, pointer));
  if (!duration) {
    return text_at(job, pointer);
  }
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*duration);
  return fmt::format("{}.{}", seconds.count(), (*duration - seconds).count());
}

}  // namespace

Result<std::vector<PlannedJob>> plan_import(std::string_view text, Ended ended) {
  const auto document = parse_json(text);
  if (!document) {
    return invalid(fmt::format("{}; it must be {}", document.error().message, kForms));
  }
  std::vector<PlannedJob> planned;
  Result<void> added;
  if (document->is_array()) {
    added = add_jobs(*document, "the list", Origin::kList, ended, planned);
  } else if (document->is_object() && document->contains("nats3_jobs")) {
    added = add_export(*document, ended, planned);
  } else if (document->is_object() && document->contains("error")) {
    added = invalid(fmt::format("is a server's error and no list of jobs: {}",
                                cut_to_width(printable(text_at(*document, "/error")), 200)));
  } else {
    added = invalid(fmt::format("holds no jobs: it must be {}", kForms));
  }
  if (!added) {
    return fail(added.error());
  }
  return planned;
}

void sort_by_age(std::vector<PlannedJob>& jobs) {
  std::ranges::reverse(jobs);
  std::ranges::stable_sort(jobs, {}, &PlannedJob::created);
}

std::string definition_of(JobKind kind, const Json& job) {
  Json definition;
  if (kind == JobKind::kStore) {
    definition = {text_at(job, "/bucket"), prefix_of(job), text_at(job, "/stream"),
                  text_at(job, "/subject")};
  } else {
    // What is left out is filled in as the server does.
    definition = {text_at(job, "/name"),
                  text_at(job, "/bucket"),
                  prefix_of(job),
                  text_at(job, "/read_stream"),
                  text_at(job, "/read_consumer"),
                  text_at(job, "/read_subject"),
                  text_at(job, "/write_subject"),
                  same_duration(job, "/poll_interval"),
                  text_or(job, "/delete_chunks", "false"),
                  same_time(job, "/from_time"),
                  same_time(job, "/to_time"),
                  text_or(job, "/on_corrupt", "fail"),
                  text_or(job, "/origin_headers", "true")};
    // Only where they aren't the default: names were made of definitions before these keys were.
    for (const auto& [pointer, otherwise] :
         {std::pair{"/strict", "false"}, std::pair{"/message_ids", "true"}}) {
      if (const std::string value = text_or(job, pointer, otherwise); value != otherwise) {
        definition.push_back(pointer + ("=" + value));
      }
    }
  }
  return definition.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace nats3::cli
