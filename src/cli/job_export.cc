#include "cli/job_export.h"

#include <fmt/format.h>

#include <ostream>

#include "base/clock.h"
#include "base/time_text.h"
#include "cli/job_commands.h"
#include "cli/job_output.h"
#include "cli/output_file.h"

namespace nats3::cli {

Outcome export_jobs(const Session& session, const std::string& file) {
  Json document = {{"nats3_jobs", kExportVersion},
                   {"exported", format_time(Clock::system().now())}};
  for (const JobKind kind : {JobKind::kStore, JobKind::kLoad}) {
    auto jobs = session.client.get(job_route(kind, "s"));
    if (!jobs) {
      return failed(jobs.error());
    }
    document[fmt::format("{}_jobs", to_string(kind))] = std::move(*jobs);
  }
  if (file.empty()) {
    print_json(session.io, document);
    return {};
  }
  const std::string text = document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  if (auto written = write_file(file, text); !written) {
    return failed(written.error());
  }
  const std::size_t stores = document["store_jobs"].size();
  const std::size_t loads = document["load_jobs"].size();
  if (session.format == OutputFormat::kJson) {
    print_json(session.io, {{"file", file}, {"store_jobs", stores}, {"load_jobs", loads}});
    return {};
  }
  session.io.out << fmt::format(
      "Exported {} store and {} load jobs to {}\nOn the other server: nats3 job import {}\n",
      stores, loads, file, file);
  return {};
}

}  // namespace nats3::cli
