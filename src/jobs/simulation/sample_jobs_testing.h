// The jobs that most tests run: stream "S" into "bucket", and from there into what takes "t.>".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "jobs/job.h"
#include "jobs/simulation/jobs_testing.h"

namespace nats3::jobs {

// A chunk every `per_chunk` messages, or after a second.
inline StoreSpec store_spec(std::uint64_t per_chunk = 10) {
  return {.name = "store",
          .bucket = "bucket",
          .stream = "S",
          .subject = "s.>",
          .batch = {.max_count = per_chunk, .max_wait = std::chrono::seconds{1}}};
}

inline LoadSpec load_spec() {
  return {.name = "load",
          .bucket = "bucket",
          .read_stream = "S",
          .read_subject = "s.>",
          .write_subject = "t.{{subject}}"};
}

// Archives what is there by a job that is gone afterwards.
inline void archive_all(World& world, const StoreSpec& spec) {
  TestServer server(world);
  const std::string id = server.create(spec).info.id;
  server.run_for(std::chrono::seconds{3});
  server.remove_store(id);
}

}  // namespace nats3::jobs
