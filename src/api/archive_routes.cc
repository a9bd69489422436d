#include "api/archive_routes.h"

#include <fmt/format.h>

#include <string>

#include "api/responses.h"
#include "jobs/archive_json.h"

namespace nats3::api {
namespace {

// The value of `name` in the query. Errors: kInvalid.
Result<std::string> wanted(const HttpRequest& request, const std::string& name) {
  const auto found = request.query.find(name);
  if (found == request.query.end() || found->second.empty()) {
    return fail(ErrorCode::kInvalid, fmt::format("{} is missing: give it as ?{}=...", name, name));
  }
  return found->second;
}

std::string prefix_of(const HttpRequest& request) {
  const auto found = request.query.find("prefix");
  return found == request.query.end() ? "" : found->second;
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

}  // namespace nats3::api
