#include "cli/job_output.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "cli/job_values.h"
#include "cli/table.h"

namespace nats3::cli {
namespace {

Table store_table(const Json& jobs) {
  Table table({{"ID", Align::kLeft, Fit::kWhole},
               {"NAME"},
               {"STATUS", Align::kLeft, Fit::kWhole},
               {"STREAM"},
               {"SUBJECT"},
               {"BUCKET"},
               {"PREFIX"},
               {"CONSUMER"},
               {"MESSAGES", Align::kRight, Fit::kWhole},
               {"LAG", Align::kRight, Fit::kWhole}});
  for (const Json& job : jobs) {
    const std::string status = text_at(job, "/status");
    table.add_row({{text_at(job, "/id")},
                   {text_at(job, "/name")},
                   {status, color_of(status)},
                   {text_at(job, "/stream")},
                   {text_at(job, "/subject")},
                   {text_at(job, "/bucket")},
                   {text_at(job, "/prefix")},
                   {text_at(job, "/consumer")},
                   {count_at(job, "/progress/messages")},
                   {count_at(job, "/progress/lag")}});
  }
  table.drop_if_empty("CONSUMER");
  return table;
}

Table load_table(const Json& jobs) {
  Table table({{"ID", Align::kLeft, Fit::kWhole},
               {"NAME"},
               {"STATUS", Align::kLeft, Fit::kWhole},
               {"BUCKET"},
               {"PREFIX"},
               {"READ STREAM"},
               {"READ SUBJECT"},
               {"READ CONSUMER"},
               {"WRITE SUBJECT"},
               {"MESSAGES", Align::kRight, Fit::kWhole},
               {"OF", Align::kRight, Fit::kWhole}});
  for (const Json& job : jobs) {
    const std::string status = text_at(job, "/status");
    table.add_row({{text_at(job, "/id")},
                   {text_at(job, "/name")},
                   {status, color_of(status)},
                   {text_at(job, "/bucket")},
                   {text_at(job, "/prefix")},
                   {text_at(job, "/read_stream")},
                   {text_at(job, "/read_subject")},
                   {text_at(job, "/read_consumer")},
                   {text_at(job, "/write_subject")},
                   {count_at(job, "/progress/messages")},
                   {count_at(job, "/progress/total_messages")}});
  }
  table.drop_if_empty("READ CONSUMER");
  return table;
}

Table verify_table(const Json& jobs) {
  Table table({{"ID", Align::kLeft, Fit::kWhole},
               {"NAME"},
               {"STATUS", Align::kLeft, Fit::kWhole},
               {"STREAM"},
               {"BUCKET"},
               {"PREFIX"},
               {"CHUNKS", Align::kRight, Fit::kWhole},
               {"MESSAGES", Align::kRight, Fit::kWhole},
               {"DAMAGED", Align::kRight, Fit::kWhole},
               {"REPAIRED", Align::kRight, Fit::kWhole}});
  for (const Json& job : jobs) {
    const std::string status = text_at(job, "/status");
    table.add_row({{text_at(job, "/id")},
                   {text_at(job, "/name")},
                   {status, color_of(status)},
                   {text_at(job, "/stream")},
                   {text_at(job, "/bucket")},
                   {text_at(job, "/prefix")},
                   {count_at(job, "/progress/chunks")},
                   {count_at(job, "/progress/messages")},
                   {count_at(job, "/progress/damaged")},
                   {count_at(job, "/progress/repaired")}});
  }
  return table;
}

Table table_of(JobKind kind, const Json& jobs) {
  switch (kind) {
    case JobKind::kStore:
      return store_table(jobs);
    case JobKind::kLoad:
      return load_table(jobs);
    case JobKind::kVerify:
      return verify_table(jobs);
  }
  return store_table(jobs);
}

// What a verification found: a table of its own, since each is a sentence and a long key.
void print_findings(Io& io, const Json& findings) {
  Table table({{"FOUND", Align::kLeft, Fit::kWhole},
               {"REPAIRED", Align::kLeft, Fit::kWhole},
               {"KEY", Align::kLeft, Fit::kWhole},
               {"WHAT", Align::kLeft, Fit::kWhole},
               {"CAUSE", Align::kLeft, Fit::kWhole}});
  for (const Json& finding : findings) {
    const std::string kind = text_at(finding, "/kind");
    const bool repaired = text_at(finding, "/repaired") == "true";
    const bool harmless = kind == "gap" || kind == "overlap" || kind == "foreign";
    table.add_row({{kind, repaired || harmless ? Color::kNone : Color::kRed},
                   {harmless   ? ""
                    : repaired ? "yes"
                               : "no"},
                   {text_at(finding, "/key")},
                   {text_at(finding, "/detail")},
                   {text_at(finding, "/cause")}});
  }
  io.out << '\n' << table.text({.max_width = 0, .colors = io.colors()});
}

// Takes the findings out of a job, and leaves how many there are.
Json take_findings(Json& job) {
  const Json::json_pointer at("/progress/findings");
  if (!job.is_object() || !job.contains(at) || !job[at].is_array()) {
    return Json::array();
  }
  Json findings = std::exchange(job[at], Json());
  job[at] = findings.size();
  return findings;
}

void print_troubles(Io& io, const Json& jobs) {
  for (const Json& job : jobs) {
    const std::string line = trouble_of(job);
    if (!line.empty()) {
      io.out << '\n' << (io.colors() ? colored(line, color_of(status_of(job))) : line) << '\n';
    }
  }
}

}  // namespace

void print_json(Io& io, const Json& json) {
  io.out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

void print_jobs(Io& io, JobKind kind, const Json& jobs) {
  Table table = table_of(kind, jobs);
  table.drop_if_empty("PREFIX");
  io.out << table.text({.max_width = io.columns, .colors = io.colors()});
  print_troubles(io, jobs);
}

void print_job(Io& io, const Json& job) {
  Table table({{"KEY", Align::kLeft, Fit::kWhole}, {"VALUE", Align::kLeft, Fit::kWhole}});
  Json rest = job;
  const Json findings = take_findings(rest);
  const Json flat = rest.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    std::string key = pointer.substr(1);
    std::ranges::replace(key, '/', '.');
    const std::string text = text_at(rest, pointer.c_str());
    table.add_row(
        {{key}, {text.empty() ? "-" : text, key == "status" ? color_of(text) : Color::kNone}});
  }
  io.out << table.text({.max_width = 0, .colors = io.colors()});
  if (!findings.empty()) {
    print_findings(io, findings);
  }
}

}  // namespace nats3::cli
