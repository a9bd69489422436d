#include "jobs/spec_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/ascii.h"
#include "base/subject.h"
#include "jobs/job_json_reader.h"
#include "jobs/subject_mapping.h"

namespace nats3::jobs {
namespace {

constexpr std::size_t kMaxName = 256;
constexpr std::size_t kMaxPrefix = 256;
constexpr std::size_t kMaxNatsName = 255;
constexpr std::size_t kMaxSubject = 1'024;

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

// Publishing there would talk to the server and not to a stream. Key-value and object buckets are
// streams like others.
bool is_reserved(std::string_view subject) {
  const std::string_view first = subject.substr(0, subject.find('.'));
  return first == "_INBOX" || (first.starts_with('$') && first != "$KV" && first != "$O");
}

}  // namespace

Result<void> check_job_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxName || has_control(name) || name.find("..") != name.npos) {
    return invalid(
        fmt::format("must be 1 to {} bytes of text without control characters or '..'", kMaxName));
  }
  return {};
}

Result<void> check_bucket_name(std::string_view bucket) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool fits =
      bucket.size() >= 3 && bucket.size() <= 63 && alphanumeric(bucket.front()) &&
      alphanumeric(bucket.back()) && bucket.find("..") == bucket.npos &&
      std::ranges::all_of(bucket, [&](char c) { return alphanumeric(c) || c == '-' || c == '.'; });
  const bool address = std::ranges::count(bucket, '.') == 3 &&
                       bucket.find_first_not_of("0123456789.") == bucket.npos;
  if (!fits || address) {
    return invalid(
        "must be a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens, beginning "
        "and ending with a letter or digit, without '..' and not an IP address");
  }
  return {};
}

Result<void> check_prefix(std::string_view prefix) {
  if (prefix.size() > kMaxPrefix || has_control(prefix) || prefix.find("..") != prefix.npos ||
      prefix.find("//") != prefix.npos ||
      ("/" + std::string(prefix) + "/").find("/./") != std::string::npos) {
    return invalid(
        fmt::format("must be at most {} bytes of text without control characters, '..', "
                    "'//' or a part that is '.'",
                    kMaxPrefix));
  }
  return {};
}

Result<void> check_nats_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxNatsName || has_control(name) ||
      name.find_first_of(" .*>/\\%") != name.npos) {
    return invalid(fmt::format(
        "must be a NATS name: 1 to {} bytes without white space, '.', '*', '>', '/', '\\' or '%'",
        kMaxNatsName));
  }
  return {};
}

Result<void> check_selected_subject(std::string_view subject) {
  if (subject.size() > kMaxSubject) {
    return invalid(fmt::format("must be at most {} bytes", kMaxSubject));
  }
  return check_subject_filter(subject);
}

Result<void> check_write_subject(std::string_view read_subject, std::string_view write_subject) {
  const auto bad = [&](std::string_view why) {
    return invalid(
        fmt::format("write_subject: {}, got {}", why, shown(Json(std::string(write_subject)))));
  };
  if (write_subject.size() > kMaxSubject) {
    return bad(fmt::format("must be at most {} bytes", kMaxSubject));
  }
  const auto mapping = SubjectMapping::parse(read_subject, write_subject);
  if (!mapping) {
    return fail(mapping.error().with_context("write_subject"));
  }
  if (is_reserved(write_subject) && is_reserved(mapping->pattern())) {
    return bad("must not begin with $ or _INBOX: those subjects belong to the NATS server");
  }
  return {};
}

}  // namespace nats3::jobs
