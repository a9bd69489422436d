#include "jobs/job_words.h"

#include <fmt/format.h>

namespace nats3::jobs {

std::string what_it_does(const StoreSpec& spec) {
  return fmt::format("archives '{}' of stream '{}' into bucket '{}'", spec.subject, spec.stream,
                     spec.bucket);
}

std::string what_it_does(const LoadSpec& spec) {
  return fmt::format("replays '{}' of stream '{}' from bucket '{}' into '{}'", spec.read_subject,
                     spec.read_stream, spec.bucket, spec.write_subject);
}

std::string what_it_does(const VerifySpec& spec) {
  return fmt::format("verifies stream '{}' in bucket '{}'", spec.stream, spec.bucket);
}

std::string what_was_done(const StoreProgress& progress) {
  return fmt::format("{} messages", progress.messages);
}

std::string what_was_done(const LoadProgress& progress) {
  return fmt::format("{} messages", progress.messages);
}

std::string what_was_done(const VerifyProgress& progress) {
  return fmt::format("{} messages in {} chunks are whole; damaged or missing: {}, made whole: {}",
                     progress.messages, progress.chunks, progress.damaged, progress.repaired);
}

}  // namespace nats3::jobs
