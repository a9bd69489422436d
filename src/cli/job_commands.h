// What `nats3 store ...` and `nats3 load ...` do, once their flags are read.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "cli/client.h"
#include "cli/io.h"
#include "cli/job_fields.h"
#include "cli/user_config.h"

namespace nats3::cli {

// What every command on jobs needs.
struct JobCommand {
  Io& io;
  Client& client;
  OutputFormat format;
  JobKind kind;
};

enum class Ask { kNo, kInteractive };

struct CreateArguments {
  std::map<const Field*, std::string> values;  // of the flags that were given
  std::string from_json;                       // a file, "-" for standard input, "" for none
  Ask ask = Ask::kNo;
};

// Of create: whether to wait for the job's work.
struct WaitFlags {
  bool wait = false;
  std::string timeout;  // "": none
};

enum class JobVerb { kShow, kPause, kResume, kDelete };

// "/store/job" + `rest`, below the API's base.
[[nodiscard]] std::string job_route(JobKind kind, std::string_view rest = {});

[[nodiscard]] Outcome list_jobs(const JobCommand& command);
[[nodiscard]] Outcome create_job(const JobCommand& command, const CreateArguments& arguments,
                                 const WaitFlags& wait);
// `job_id` may be empty with kInteractive: then it's asked for.
[[nodiscard]] Outcome change_job(const JobCommand& command, JobVerb verb, std::string job_id,
                                 Ask ask);

// The body that `arguments` make: the JSON file's, with the flags' values over it, and what is then
// missing asked for. Errors: usage, for flags that are missing or wrong.
[[nodiscard]] tl::expected<Json, Failure> create_body(Io& io, JobKind kind,
                                                      const CreateArguments& arguments);

}  // namespace nats3::cli
