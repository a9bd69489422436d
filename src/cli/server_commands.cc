#include "cli/server_commands.h"

#include <ostream>

#include "cli/job_output.h"
#include "cli/job_values.h"

namespace nats3::cli {
namespace {

Outcome list_servers(const Session& session) {
  const auto servers = session.client.get("/servers", {});
  if (!servers) {
    return failed(servers.error());
  }
  if (session.format == OutputFormat::kJson) {
    print_json(session.io, *servers);
    return {};
  }
  Table table({{"ID", Align::kLeft, Fit::kWhole},
               {"NAME"},
               {"VERSION", Align::kLeft, Fit::kWhole},
               {"STARTED", Align::kLeft, Fit::kWhole},
               {"STORE JOBS", Align::kRight, Fit::kWhole},
               {"LOAD JOBS", Align::kRight, Fit::kWhole},
               {"VERIFY JOBS", Align::kRight, Fit::kWhole},
               {"", Align::kLeft, Fit::kWhole}});
  for (const Json& server : *servers) {
    table.add_row({{text_at(server, "/id")},
                   {text_at(server, "/name")},
                   {text_at(server, "/version")},
                   {text_at(server, "/started").substr(0, sizeof("2026-11-24T06:00:00") - 1)},
                   {count_at(server, "/store_jobs")},
                   {count_at(server, "/load_jobs")},
                   {count_at(server, "/verify_jobs")},
                   {server.is_object() && server.value("self", false) ? "this one" : ""}});
  }
  session.io.out << table.text({.max_width = session.io.columns, .colors = session.io.colors()});
  return {};
}

}  // namespace

void declare_server_commands(CommandLine& line) {
  line.add_command(line.root(), "servers",
                   "The servers that share the jobs, and how many each works at",
                   [&line] { return line.with_session(list_servers); });
}

}  // namespace nats3::cli
