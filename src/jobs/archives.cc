#include "jobs/archives.h"

#include <fmt/format.h>

#include <chrono>

#include "archive/key.h"
#include "catalog/catalog.h"
#include "object/budgeted.h"

namespace nats3::jobs {
namespace {

constexpr std::chrono::seconds kMostTime{60};

}  // namespace

// `look` gets the bucket, when it is its turn.
template <typename Look>
auto Archives::look_into(const std::string& bucket, const Look& look)
    -> decltype(look(std::shared_ptr<object::ObjectStore>())) {
  if (!turns_.try_acquire()) {
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("{} others are looking into buckets at the moment: try again", kMostAtOnce));
  }
  auto found = stores_.open(bucket, object::IfMissing::kFail)
                   .and_then([&](const std::shared_ptr<object::ObjectStore>& store) {
                     return look(object::make_budgeted(
                         store, {.requests = kMostRequests, .time = kMostTime}, stop_.get_token()));
                   });
  turns_.release();
  return found;
}

Result<catalog::BucketContents> Archives::streams(const std::string& bucket,
                                                  const std::string& prefix) {
  return look_into(bucket, [&](const std::shared_ptr<object::ObjectStore>& store) {
    return catalog::bucket_contents(store, archive::trim_prefix(prefix))
        .map_error([&](const Error& error) {
          return error.with_context(
              fmt::format("looking for streams in bucket '{}' (a prefix that is nearer to them "
                          "makes it less)",
                          bucket));
        });
  });
}

Result<catalog::StreamContents> Archives::stream(const std::string& bucket,
                                                 const std::string& prefix,
                                                 const std::string& stream) {
  return look_into(
      bucket,
      [&](const std::shared_ptr<object::ObjectStore>& store) -> Result<catalog::StreamContents> {
        const auto catalog = catalog::Catalog::open(store, archive::trim_prefix(prefix), stream);
        if (!catalog) {
          return fail(catalog.error());
        }
        auto contents = catalog::stream_contents(**catalog);
        if (!contents) {
          return fail(contents.error().with_context(
              fmt::format("counting what is archived of stream '{}'", stream)));
        }
        if (contents->empty()) {
          return fail(ErrorCode::kNotFound, (*catalog)->nothing_archived());
        }
        return contents;
      });
}

}  // namespace nats3::jobs
