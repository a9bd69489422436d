#include "cli/job_output.h"

#include <algorithm>
#include <ostream>
#include <utility>

#include "cli/job_values.h"
#include "cli/table.h"

namespace nats3::cli {
namespace {

// A column of the list of jobs, and where its value is in one.
struct JobColumn {
  Column column;
  const char* pointer;
};

JobColumn whole(std::string title, const char* pointer) {
  return {{std::move(title), Align::kLeft, Fit::kWhole}, pointer};
}
JobColumn text(std::string title, const char* pointer) { return {{std::move(title)}, pointer}; }
JobColumn count(std::string title, const char* pointer) {
  return {{std::move(title), Align::kRight, Fit::kWhole}, pointer};
}

std::vector<JobColumn> columns_of(JobKind kind) {
  std::vector<JobColumn> columns{
      {{"ID", Align::kLeft, Fit::kId}, "/id"}, text("NAME", "/name"), whole("STATUS", "/status")};
  const auto add = [&](std::vector<JobColumn> more) {
    columns.insert(columns.end(), more.begin(), more.end());
  };
  switch (kind) {
    case JobKind::kStore:
      add({text("STREAM", "/stream"), text("SUBJECT", "/subject"), text("BUCKET", "/bucket"),
           text("PREFIX", "/prefix"), text("CONSUMER", "/consumer"),
           count("MESSAGES", "/progress/messages"), count("LAG", "/progress/lag")});
      break;
    case JobKind::kLoad:
      add({text("BUCKET", "/bucket"), text("PREFIX", "/prefix"),
           text("READ STREAM", "/read_stream"), text("READ SUBJECT", "/read_subject"),
           text("READ CONSUMER", "/read_consumer"), text("WRITE SUBJECT", "/write_subject"),
           count("MESSAGES", "/progress/messages"), count("OF", "/progress/total_messages")});
      break;
    case JobKind::kVerify:
      add({text("STREAM", "/stream"), text("BUCKET", "/bucket"), text("PREFIX", "/prefix"),
           count("CHUNKS", "/progress/chunks"), count("MESSAGES", "/progress/messages"),
           count("DAMAGED", "/progress/damaged"), count("REPAIRED", "/progress/repaired")});
      break;
  }
  return columns;
}

Cell cell_of(const Json& job, const JobColumn& column) {
  const std::string value = text_at(job, column.pointer);
  if (column.column.title == "STATUS") {
    return {value, color_of(value)};
  }
  if (column.column.title == "LAG") {
    return {lag_of(job)};
  }
  return {column.column.align == Align::kRight ? count_at(job, column.pointer) : value};
}

Table table_of(JobKind kind, const Json& jobs) {
  const std::vector<JobColumn> described = columns_of(kind);
  std::vector<Column> columns;
  for (const JobColumn& column : described) {
    columns.push_back(column.column);
  }
  Table table(std::move(columns));
  for (const Json& job : jobs) {
    std::vector<Cell> row;
    for (const JobColumn& column : described) {
      row.push_back(cell_of(job, column));
    }
    table.add_row(std::move(row));
  }
  for (const char* optional : {"PREFIX", "CONSUMER", "READ CONSUMER"}) {
    table.drop_if_empty(optional);
  }
  return table;
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
    if (const std::string line = trouble_of(job); !line.empty()) {
      io.out << '\n' << (io.colors() ? colored(line, color_of(status_of(job))) : line) << '\n';
    }
    if (const std::string line = loss_of(job); !line.empty()) {
      io.out << '\n' << (io.colors() ? colored(line, Color::kRed) : line) << '\n';
    }
  }
}

}  // namespace

void print_json(Io& io, const Json& json) {
  io.out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
}

void print_jobs(Io& io, JobKind kind, const Json& jobs) {
  const Table table = table_of(kind, jobs);
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
