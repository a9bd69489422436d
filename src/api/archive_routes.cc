#include "api/archive_routes.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "api/responses.h"
#include "archive/key.h"
#include "base/json.h"
#include "base/time_text.h"
#include "catalog/contents.h"

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
  return found == request.query.end() ? "" : archive::trim_prefix(found->second);
}

Result<std::shared_ptr<object::ObjectStore>> open_bucket(object::ObjectStoreProvider& stores,
                                                         const HttpRequest& request) {
  return wanted(request, "bucket").and_then([&](const std::string& bucket) {
    return stores.open(bucket, object::IfMissing::kFail);
  });
}

Json to_json(const catalog::SubjectContents& subject) {
  const catalog::ChunkTotals& totals = subject.totals;
  const bool any = totals.chunks > 0;
  return {{"subject", subject.subject},
          {"chunks", totals.chunks},
          {"messages", totals.messages},
          {"first_sequence", subject.first_sequence},
          {"last_sequence", totals.last_sequence},
          {"from_time", any ? Json(format_time(totals.time_min)) : Json()},
          {"to_time", any ? Json(format_time(totals.time_max)) : Json()}};
}

Json to_json(const catalog::EpochContents& epoch) {
  Json subjects = Json::array();
  for (const catalog::SubjectContents& subject : epoch.subjects) {
    subjects.push_back(to_json(subject));
  }
  return {{"epoch", epoch.description.name},
          {"created", format_time(epoch.description.created)},
          {"subjects", std::move(subjects)}};
}

Json to_json(const std::string& stream, const catalog::StreamContents& contents) {
  Json epochs = Json::array();
  for (const catalog::EpochContents& epoch : contents.epochs) {
    epochs.push_back(to_json(epoch));
  }
  Json old_chunks = Json::array();
  for (const catalog::SubjectContents& subject : contents.old_chunks) {
    old_chunks.push_back(to_json(subject));
    old_chunks.back().erase("first_sequence");
    old_chunks.back().erase("last_sequence");
  }
  return {{"stream", stream}, {"epochs", std::move(epochs)}, {"old_chunks", std::move(old_chunks)}};
}

}  // namespace

HttpResponse archived_streams(object::ObjectStoreProvider& stores, const HttpRequest& request) {
  const auto store = open_bucket(stores, request);
  if (!store) {
    return error_response_for(store.error());
  }
  const auto contents = catalog::bucket_contents(*store, prefix_of(request));
  if (!contents) {
    return error_response_for(contents.error());
  }
  return json_response({{"streams", contents->streams}, {"folders", contents->folders}});
}

HttpResponse archived_stream(object::ObjectStoreProvider& stores, const HttpRequest& request) {
  const auto stream = wanted(request, "stream");
  if (!stream) {
    return error_response_for(stream.error());
  }
  const auto store = open_bucket(stores, request);
  if (!store) {
    return error_response_for(store.error());
  }
  const auto catalog = catalog::Catalog::open(*store, prefix_of(request), *stream);
  if (!catalog) {
    return error_response_for(catalog.error());
  }
  const auto contents = catalog::stream_contents(**catalog);
  if (!contents) {
    return error_response_for(contents.error());
  }
  if (contents->empty()) {
    return error_response_for({ErrorCode::kNotFound, (*catalog)->nothing_archived()});
  }
  return json_response(to_json(*stream, *contents));
}

}  // namespace nats3::api
