#include "bench/simulated_bucket.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "archive/epoch.h"

namespace nats3::bench {
namespace {

constexpr std::string_view kFilter = "orders.>";
constexpr Timestamp kBegin{std::chrono::nanoseconds{1'735'689'600'000'000'000}};  // of 2025
constexpr std::chrono::nanoseconds kYear = std::chrono::hours{24 * 365};
constexpr std::uint64_t kObjectBytes = 1 << 20;

}  // namespace

SimulatedBucket::SimulatedBucket(std::uint64_t chunks)
    : chunks_(chunks),
      epoch_(archive::to_string(archive::EpochName{.created = kBegin})),
      folder_(archive::filter_folder(location_, epoch_, kFilter)),
      index_key_(archive::index_key(location_, epoch_, kFilter)) {}

std::string SimulatedBucket::filter() const { return std::string(kFilter); }

Timestamp SimulatedBucket::time_at(double share) const {
  return kBegin + std::chrono::nanoseconds{
                      static_cast<std::int64_t>(static_cast<double>(kYear.count()) * share)};
}

std::string SimulatedBucket::key_of(std::uint64_t chunk) const {
  const std::chrono::nanoseconds each = kYear / static_cast<std::int64_t>(chunks_);
  const Timestamp begin = kBegin + each * static_cast<std::int64_t>(chunk);
  return archive::chunk_key(location_, epoch_, kFilter,
                            {.first = chunk * kChunkMessages + 1,
                             .last = (chunk + 1) * kChunkMessages,
                             .time_min = begin,
                             .time_max = begin + each - std::chrono::nanoseconds{1},
                             .count = kChunkMessages,
                             .encoding = archive::Encoding::kBinary});
}

// The first chunk whose key is greater: keys ascend with their numbers.
std::uint64_t SimulatedBucket::first_after(const std::string& key) const {
  std::uint64_t low = 0;
  std::uint64_t high = chunks_;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (key_of(middle) > key) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

Result<void> SimulatedBucket::put(const std::string& key, const object::Body& body) {
  ++requests_;
  if (key == index_key_) {
    index_ = body.bytes;
  }
  return {};
}

Result<std::string> SimulatedBucket::get(const std::string& key,
                                         std::optional<object::ByteRange> range) {
  ++requests_;
  if (key == index_key_ && !index_.empty()) {
    return range ? index_.substr(range->offset, range->length.value_or(index_.npos)) : index_;
  }
  if (key == archive::description_key(location_, epoch_)) {
    return archive::serialize(archive::EpochDescription{
        .stream = location_.stream,
        .name = epoch_,
        .created = kBegin,
        .config = Json::object(),
        .filters = {{archive::filter_component(kFilter), std::string(kFilter)}}});
  }
  if (!archive::parse_chunk_key(location_, key)) {
    return fail(ErrorCode::kNotFound, fmt::format("'{}' isn't there", key));
  }
  if (before_chunks_ == 0) {
    before_chunks_ = requests_ - 1;
  }
  return fail(ErrorCode::kUnavailable, "the chunks of this bucket are only names");
}

Result<object::ObjectInfo> SimulatedBucket::head(const std::string& key) {
  ++requests_;
  if (!archive::parse_chunk_key(location_, key)) {
    return fail(ErrorCode::kNotFound, fmt::format("'{}' isn't there", key));
  }
  return object::ObjectInfo{key, kObjectBytes};
}

Result<object::ListPage> SimulatedBucket::list(const object::ListQuery& query) {
  ++requests_;
  if (query.prefix.starts_with(folder_)) {
    return list_chunks(query);
  }
  return folder_.starts_with(query.prefix) ? list_folders(query) : object::ListPage{};
}

// Of a folder above the chunks: the one folder in it. Nobody lists these without a delimiter.
object::ListPage SimulatedBucket::list_folders(const object::ListQuery& query) const {
  const std::size_t slash = folder_.find('/', query.prefix.size());
  return {.common_prefixes = {folder_.substr(0, slash + 1)}};
}

object::ListPage SimulatedBucket::list_chunks(const object::ListQuery& query) const {
  object::ListPage page;
  const std::string& after = query.token.empty() ? query.start_after : query.token;
  std::uint64_t chunk = after > query.prefix ? first_after(after) : first_after(query.prefix);
  const std::size_t limit = std::clamp<std::size_t>(query.limit, 1, 1000);
  for (; chunk < chunks_ && page.objects.size() < limit; ++chunk) {
    std::string key = key_of(chunk);
    if (!key.starts_with(query.prefix)) {
      return page;
    }
    page.objects.push_back({std::move(key), kObjectBytes});
  }
  if (chunk < chunks_ && !page.objects.empty()) {
    page.next_token = page.objects.back().key;
  }
  return page;
}

Result<void> SimulatedBucket::remove(const std::string& /*key*/) {
  ++requests_;
  return {};
}

}  // namespace nats3::bench
