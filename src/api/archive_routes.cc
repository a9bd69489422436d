#include "api/archive_routes.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "api/responses.h"
#include "base/subject.h"
#include "base/time_text.h"
#include "jobs/archive_json.h"

namespace nats3::api {
namespace {

// The value of `name` in the query, "" without one.
std::string value_of(const HttpRequest& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? "" : found->second;
}

// The same of what has to be there. Errors: kInvalid.
Result<std::string> wanted(const HttpRequest& request, const std::string& name) {
  std::string value = value_of(request, name);
  if (value.empty()) {
    return fail(ErrorCode::kInvalid, fmt::format("{} is missing: give it as ?{}=...", name, name));
  }
  return value;
}

std::string prefix_of(const HttpRequest& request) { return value_of(request, "prefix"); }

// Errors: kInvalid.
Result<std::optional<Timestamp>> time_of(const HttpRequest& request, const std::string& name) {
  const std::string text = value_of(request, name);
  if (text.empty()) {
    return std::nullopt;
  }
  return parse_time(text)
      .map([](Timestamp time) { return std::optional(time); })
      .map_error([&](const Error& error) { return error.with_context(name); });
}

// Errors: kInvalid.
Result<catalog::Selection> selection_of(const HttpRequest& request) {
  catalog::Selection selection;
  if (std::string subject = value_of(request, "subject"); !subject.empty()) {
    if (auto valid = check_subject_filter(subject); !valid) {
      return fail(valid.error().with_context("subject"));
    }
    selection.subject = std::move(subject);
  }
  const auto from = time_of(request, "from_time");
  const auto to = time_of(request, "to_time");
  if (!from || !to) {
    return fail(from ? to.error() : from.error());
  }
  if (*from && *to && **from > **to) {
    return fail(ErrorCode::kInvalid, fmt::format("from_time must not be after to_time ({} > {})",
                                                 format_time(**from), format_time(**to)));
  }
  selection.from_time = *from;
  selection.to_time = *to;
  return selection;
}

// How many messages are wanted. Errors: kInvalid.
Result<std::uint64_t> limit_of(const HttpRequest& request) {
  const std::string text = value_of(request, "limit");
  std::uint64_t limit = UINT64_MAX;
  if (text.empty()) {
    return limit;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (error != std::errc{} || end != text.data() + text.size() || limit == 0) {
    return fail(ErrorCode::kInvalid,
                fmt::format("limit must be a whole number from 1 on, not '{}'", text));
  }
  return limit;
}

}  // namespace

HttpResponse archived_streams(jobs::ArchiveService& archives, const HttpRequest& request) {
  const auto contents = wanted(request, "bucket").and_then([&](const std::string& bucket) {
    return archives.streams(bucket, prefix_of(request));
  });
  return contents ? json_response(jobs::to_json(*contents)) : error_response_for(contents.error());
}

HttpResponse archived_stream(jobs::ArchiveService& archives, const HttpRequest& request) {
  const auto bucket = wanted(request, "bucket");
  const auto stream = wanted(request, "stream");
  if (!bucket || !stream) {
    return error_response_for(bucket ? stream.error() : bucket.error());
  }
  const auto contents = archives.stream(*bucket, prefix_of(request), *stream);
  return contents ? json_response(jobs::to_json(*stream, *contents))
                  : error_response_for(contents.error());
}

HttpResponse archived_messages(jobs::ArchiveService& archives, const HttpRequest& request) {
  const auto bucket = wanted(request, "bucket");
  const auto stream = wanted(request, "stream");
  if (!bucket || !stream) {
    return error_response_for(bucket ? stream.error() : bucket.error());
  }
  const auto selection = selection_of(request);
  const auto limit = limit_of(request);
  if (!selection || !limit) {
    return error_response_for(selection ? limit.error() : selection.error());
  }
  auto lines = archives.read(*bucket, prefix_of(request), *stream, *selection, *limit);
  if (!lines) {
    return error_response_for(lines.error());
  }
  auto first = (*lines)();  // what is wrong from the beginning has a status of its own
  if (!first) {
    return error_response_for(first.error());
  }
  HttpResponse response{.status = 200,
                        .content_type = std::string(kLinesType),
                        .body = first->value_or(""),
                        .headers = {}};
  if (*first) {
    response.more = std::move(*lines);
  }
  return response;
}

}  // namespace nats3::api
