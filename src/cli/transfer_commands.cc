#include "cli/transfer_commands.h"

#include <memory>

#include "cli/job_export.h"
#include "cli/job_import.h"

namespace nats3::cli {
namespace {

void declare_export(CommandLine& line, CLI::App& group) {
  auto file = std::make_shared<std::string>();
  CLI::App& command = line.add_command(
      group, "export", "Write all job definitions as one JSON file, for import", [=, &line] {
        return line.with_session(
            [&](const Session& session) { return export_jobs(session, *file); });
      });
  command.add_option("--file", *file, "Where to; else standard output")->type_name("FILE");
}

void declare_import(CommandLine& line, CLI::App& group) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App& command = line.add_command(
      group, "import",
      "Make the jobs of an export, or of nats-s3-connector's lists of jobs; those that are there "
      "already are left alone",
      [=, &line] {
        return line.with_session(
            [&](const Session& session) { return import_jobs(session, *arguments); });
      });
  command
      .add_option("file", arguments->files,
                  "What 'job export' wrote, or what GET /store/jobs or /load/jobs answered; - for "
                  "standard input")
      ->required()
      ->type_name("FILE");
  command.add_flag("--all", arguments->all, "Also the jobs that have ended, as paused ones");
  command.add_flag("--dry-run", arguments->dry_run, "Only show what would be made");
}

}  // namespace

void declare_transfer_commands(CommandLine& line) {
  CLI::App& group = line.add_group("job", "All jobs at once: move them to another server");
  declare_export(line, group);
  declare_import(line, group);
}

}  // namespace nats3::cli
