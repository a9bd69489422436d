#include "catalog/segment_indexes.h"

#include <fmt/format.h>

#include <optional>

namespace nats3::catalog {
namespace {

// What parse() takes at most, about. A longer object fails its hash for being cut.
constexpr std::uint64_t kMaxIndexBytes = archive::kMaxSegments * 48 + (1 << 18);

// The bytes, or nullopt when there is nothing of use: no object, or one that ends too early.
Result<std::optional<std::string>> fetch(object::ObjectStore& store, const std::string& key,
                                         std::uint64_t bytes) {
  auto text = store.get(key, object::ByteRange{.offset = 0, .length = bytes});
  if (text) {
    return std::move(*text);
  }
  if (text.error().action() == Action::kNotFound || text.error().code == ErrorCode::kInvalid) {
    return std::nullopt;
  }
  return fail(text.error().with_context(fmt::format("'{}'", key)));
}

}  // namespace

Result<std::shared_ptr<const archive::SegmentIndex>> SegmentIndexes::get(
    object::ObjectStore& store, const archive::StreamLocation& location, const std::string& epoch,
    const std::string& filter) {
  const std::string key = archive::index_key(location, epoch, filter);
  std::optional<Known> known;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = known_.find(key); found != known_.end()) {
      known = found->second;
    }
  }
  if (known) {
    auto current = is_current(store, key, *known);
    if (!current) {
      return fail(current.error());
    }
    if (*current) {
      return known->index;
    }
  }
  auto bytes = fetch(store, key, kMaxIndexBytes);
  if (!bytes) {
    return fail(bytes.error());
  }
  archive::SegmentIndex empty(location.stream, epoch, filter);
  auto parsed = archive::SegmentIndex::parse(bytes->value_or(""));
  const bool usable = parsed && parsed->stream() == location.stream && parsed->epoch() == epoch &&
                      parsed->filter() == filter;
  auto index =
      std::make_shared<const archive::SegmentIndex>(usable ? std::move(*parsed) : std::move(empty));
  const std::lock_guard lock(mutex_);
  if (usable) {
    known_[key] = {(*bytes)->substr(0, archive::kIndexIdentityBytes), index};
  } else {
    known_.erase(key);
  }
  return index;
}

Result<bool> SegmentIndexes::is_current(object::ObjectStore& store, const std::string& key,
                                        const Known& known) const {
  return fetch(store, key, archive::kIndexIdentityBytes)
      .map([&](const std::optional<std::string>& identity) { return identity == known.identity; });
}

}  // namespace nats3::catalog
