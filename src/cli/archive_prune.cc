#include "cli/archive_prune.h"

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>

#include "cli/archive_place.h"
#include "cli/archive_sum.h"
#include "cli/job_output.h"
#include "cli/job_values.h"
#include "cli/question.h"

namespace nats3::cli {
namespace {

struct PruneOptions {
  ArchivePlace place;
  std::string stream;
  std::string before;
  bool dry_run = false;
  bool yes = false;

  [[nodiscard]] Query query(bool only_looks) const {
    Query query = place.query();
    query["stream"] = stream;
    query["before"] = before;
    if (only_looks) {
      query["dry_run"] = "true";
    }
    return query;
  }
};

// "1 chunk, 40 messages (1,234 bytes), of 2024-01-01T00:00:00Z to 2024-01-02T00:00:00Z"
std::string describe(const ArchiveSum& sum) {
  return fmt::format("{} chunk{}, {} message{} ({} bytes), of {} to {}",
                     grouped(std::to_string(sum.chunks)), sum.chunks == 1 ? "" : "s",
                     grouped(std::to_string(sum.messages)), sum.messages == 1 ? "" : "s",
                     grouped(std::to_string(sum.stored_bytes)), to_second(sum.from),
                     to_second(sum.to));
}

void print(const Session& session, const PruneOptions& options, const ArchiveSum& sum,
           const char* what) {
  if (session.format == OutputFormat::kJson) {
    print_json(session.io, {{"stream", options.stream},
                            {"chunks", sum.chunks},
                            {"messages", sum.messages},
                            {"stored_bytes", sum.stored_bytes},
                            {"from_time", sum.from.empty() ? Json() : Json(sum.from)},
                            {"to_time", sum.to.empty() ? Json() : Json(sum.to)}});
  } else if (sum.chunks == 0) {
    session.io.out << "Nothing to remove: there is no chunk with nothing but older messages.\n";
  } else {
    session.io.out << fmt::format("{} {}.\n", what, describe(sum));
  }
}

// Removes all, some with each call.
Outcome remove(const Session& session, const PruneOptions& options) {
  ArchiveSum removed;
  for (bool more = true; more;) {
    const auto answer = session.client.remove("/archive/stream", options.query(false));
    if (!answer) {
      return failed(removed.chunks == 0
                        ? answer.error().message
                        : fmt::format("{}. Removed before that: {}. Run it again to go on",
                                      answer.error().message, describe(removed)));
    }
    const std::uint64_t before = removed.chunks;
    removed.add(*answer);
    more = text_at(*answer, "/more") == "true" && removed.chunks > before;
    if (more && session.io.err_is_terminal) {
      session.io.err << fmt::format("Removed {} chunks so far.\n",
                                    grouped(std::to_string(removed.chunks)));
    }
  }
  print(session, options, removed, "Removed");
  return {};
}

Outcome prune(const Session& session, const PruneOptions& options) {
  if (options.yes && !options.dry_run) {
    return remove(session, options);
  }
  const auto answer = session.client.remove("/archive/stream", options.query(true));
  if (!answer) {
    return failed(answer.error());
  }
  ArchiveSum found;
  found.add(*answer);
  if (options.dry_run || found.chunks == 0) {
    print(session, options, found, "Would remove");
    return {};
  }
  const auto reply = ask(session.io, fmt::format("Remove {}, for good? [y/N]", describe(found)));
  if (!reply) {
    return failed("nothing was removed: nobody said yes; --yes removes without asking");
  }
  if (*reply != "y" && *reply != "Y" && *reply != "yes") {
    return failed("nothing was removed");
  }
  return remove(session, options);
}

}  // namespace

void declare_archive_prune(CommandLine& line, CLI::App& group) {
  auto options = std::make_shared<PruneOptions>();
  CLI::App& command =
      line.add_command(group, "prune", "Remove what is older than a time", [=, &line] {
        return line.with_session([&](const Session& session) { return prune(session, *options); });
      });
  options->place.add_to(command);
  command.add_option("--stream", options->stream, "The stream")->required();
  command
      .add_option("--before", options->before,
                  "Remove the chunks that have only messages from before this time, RFC 3339")
      ->check(check_time)
      ->required()
      ->type_name("TIME");
  command.add_flag("--dry-run", options->dry_run, "Only say what would be removed");
  command.add_flag("-y,--yes", options->yes, "Don't ask");
}

}  // namespace nats3::cli
