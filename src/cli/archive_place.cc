#include "cli/archive_place.h"

#include <fmt/format.h>

#include "base/time_text.h"

namespace nats3::cli {

void ArchivePlace::add_to(CLI::App& command) {
  command.add_option("--bucket", bucket, "The bucket")->required();
  command.add_option("--prefix", prefix, "What the jobs have as prefix");
}

Query ArchivePlace::query() const {
  return prefix.empty() ? Query{{"bucket", bucket}} : Query{{"bucket", bucket}, {"prefix", prefix}};
}

std::string ArchivePlace::text() const {
  return prefix.empty() ? fmt::format("bucket '{}'", bucket)
                        : fmt::format("bucket '{}' under '{}'", bucket, prefix);
}

std::string check_time(const std::string& text) {
  const auto time = parse_time(text);
  return time ? "" : time.error().message;
}

}  // namespace nats3::cli
