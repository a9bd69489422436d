// For tests only: a bucket with ten million chunks.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "archive/epoch.h"
#include "archive/key.h"
#include "archive/segment_index.h"
#include "object/object_store.h"

namespace nats3::catalog {

inline constexpr auto kEpoch = "20261124T010000.000000000Z";
inline constexpr auto kFilter = "s.>";

inline Timestamp at(std::int64_t seconds) {
  return Timestamp{std::chrono::seconds{1'800'000'000 + seconds}};
}

// Chunks of a hundred messages each, one every three seconds: a year, about. There are only their
// names, made when they are listed.
class LargeBucket final : public object::ObjectStore {
 public:
  static constexpr std::uint64_t kChunks = 10'000'000;

  LargeBucket() {
    const archive::StreamLocation location{.prefix = "", .stream = "S"};
    folder_ = archive::filter_folder(location, kEpoch, kFilter);
    index_key_ = archive::index_key(location, kEpoch, kFilter);
    description_ =
        *archive::serialize({.stream = "S", .name = kEpoch, .config = Json{{"name", "S"}}});
  }

  static archive::ChunkName name(std::uint64_t i) {
    const auto begin = static_cast<std::int64_t>(3 * i);
    return {.first = 100 * i + 1,
            .last = 100 * i + 100,
            .time_min = at(begin),
            .time_max = at(begin + 2),
            .count = 100};
  }

  // As a store job leaves it: the last chunks aren't in it.
  void make_index() {
    archive::SegmentIndex index("S", kEpoch, kFilter);
    index.begin_at(name(0).first);
    archive::SegmentBuilder builder;
    for (std::uint64_t i = 0; i < kChunks; ++i) {
      if (builder.ends_before(name(i).first)) {
        index.add(builder.take());
      }
      builder.add(name(i));
    }
    index_ = index.serialize();
  }

  Result<void> put(const std::string& /*key*/, const object::Body& /*body*/) override {
    return fail(ErrorCode::kDenied, "read-only");
  }
  Result<void> remove(const std::string& /*key*/) override {
    return fail(ErrorCode::kDenied, "read-only");
  }
  Result<object::ObjectInfo> head(const std::string& /*key*/) override {
    ++requests;
    return fail(ErrorCode::kNotFound, "no such object");
  }
  Result<std::string> get(const std::string& key, std::optional<object::ByteRange> range) override {
    ++requests;
    const std::string text = key == index_key_               ? index_
                             : key.ends_with("/stream.json") ? description_
                                                             : "";
    if (text.empty()) {
      return fail(ErrorCode::kNotFound, "no such object");
    }
    bytes += range ? std::min(text.size(), *range->length) : text.size();
    return range ? text.substr(range->offset, *range->length) : text;
  }
  Result<object::ListPage> list(const object::ListQuery& query) override {
    ++requests;
    if (query.delimiter == "/") {
      const auto slash = folder_.find('/', query.prefix.size());
      return object::ListPage{.common_prefixes = {folder_.substr(0, slash + 1)}};
    }
    ++chunk_lists;
    const std::string& text = query.token.empty() ? query.start_after : query.token;
    const std::uint64_t from = text.empty() ? 1 : std::stoull(text.substr(folder_.size(), 20));
    std::uint64_t next = (from + 98) / 100;
    object::ListPage page;
    for (; next < kChunks && page.objects.size() < query.limit; ++next) {
      page.objects.push_back({folder_ + to_string(name(next)), 1'000});
    }
    if (next < kChunks) {
      page.next_token = folder_ + fmt::format("{:020}", name(next).first);
    }
    return page;
  }

  int requests = 0;
  int chunk_lists = 0;
  std::uint64_t bytes = 0;  // fetched

 private:
  std::string folder_;
  std::string index_key_;
  std::string index_;
  std::string description_;
};

}  // namespace nats3::catalog
