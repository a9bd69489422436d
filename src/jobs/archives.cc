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

// One of the calls that are under way, if there aren't too many.
class Archives::Turn {
 public:
  explicit Turn(std::atomic<int>& under_way)
      : under_way_(under_way), granted_(++under_way <= kMostAtOnce) {}
  ~Turn() { --under_way_; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  [[nodiscard]] Result<void> check() const {
    if (granted_) {
      return {};
    }
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("{} others are looking into buckets at the moment: try again", kMostAtOnce));
  }

 private:
  std::atomic<int>& under_way_;
  const bool granted_;
};

Result<std::shared_ptr<object::ObjectStore>> Archives::open(const std::string& bucket) {
  return stores_.open(bucket, object::IfMissing::kFail)
      .map([&](std::shared_ptr<object::ObjectStore> store) {
        return object::make_budgeted(
            std::move(store), {.requests = kMostRequests, .time = kMostTime}, stop_.get_token());
      });
}

Result<catalog::BucketContents> Archives::streams(const std::string& bucket,
                                                  const std::string& prefix) {
  const Turn turn(under_way_);
  if (auto granted = turn.check(); !granted) {
    return fail(granted.error());
  }
  const auto store = open(bucket);
  if (!store) {
    return fail(store.error());
  }
  return catalog::bucket_contents(*store, archive::trim_prefix(prefix))
      .map_error([&](const Error& error) {
        return error.with_context(
            fmt::format("looking for streams in bucket '{}' (a prefix that is nearer to them makes "
                        "it less)",
                        bucket));
      });
}

Result<catalog::StreamContents> Archives::stream(const std::string& bucket,
                                                 const std::string& prefix,
                                                 const std::string& stream) {
  const Turn turn(under_way_);
  if (auto granted = turn.check(); !granted) {
    return fail(granted.error());
  }
  const auto store = open(bucket);
  if (!store) {
    return fail(store.error());
  }
  const auto catalog = catalog::Catalog::open(*store, archive::trim_prefix(prefix), stream);
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
}

}  // namespace nats3::jobs
