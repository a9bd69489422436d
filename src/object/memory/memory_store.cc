#include "object/memory/memory_store.h"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <utility>

#include "object/keys.h"
#include "object/page_builder.h"

namespace nats3::object {
namespace {

class MemoryStore final : public ObjectStore {
 public:
  Result<void> put(const std::string& key, const Body& body) override {
    if (auto checked = check_key(key); !checked) {
      return checked;
    }
    auto object = std::make_shared<const std::string>(body.bytes);
    const std::lock_guard lock(mutex_);
    objects_[key] = std::move(object);
    return {};
  }

  Result<std::string> get(const std::string& key, std::optional<ByteRange> range) override {
    const auto object = find(key);
    if (!object) {
      return fail(object.error());
    }
    const std::string& body = **object;
    const auto extent = resolve_range(key, range, body.size(), kDefaultMaxObjectBytes);
    if (!extent) {
      return fail(extent.error());
    }
    return body.substr(extent->offset, extent->length);
  }

  Result<ObjectInfo> head(const std::string& key) override {
    return find(key).map([&](const auto& object) { return ObjectInfo{key, object->size()}; });
  }

  Result<ListPage> list(const ListQuery& query) override {
    auto builder = PageBuilder::make(query);
    if (!builder) {
      return fail(std::move(builder.error()));
    }
    const std::lock_guard lock(mutex_);
    auto at = objects_.lower_bound(builder->first_possible());
    while (at != objects_.end() && at->first.starts_with(query.prefix)) {
      if (!builder->wants(at->first)) {
        ++at;
      } else if (builder->is_full()) {
        return std::move(*builder).finish(PageBuilder::Rest::kMore);
      } else if (std::string folded(builder->folds_into(at->first)); folded.empty()) {
        builder->add_object(at->first, at->second->size());
        ++at;
      } else {
        at = objects_.lower_bound(folded + kAboveAnyKey);
        builder->add_prefix(std::move(folded));
      }
    }
    return std::move(*builder).finish(PageBuilder::Rest::kNone);
  }

  Result<void> remove(const std::string& key) override {
    if (auto checked = check_key(key); !checked) {
      return checked;
    }
    const std::lock_guard lock(mutex_);
    objects_.erase(key);
    return {};
  }

 private:
  using Object = std::shared_ptr<const std::string>;  // so that a get copies without the lock

  Result<Object> find(const std::string& key) {
    if (auto checked = check_key(key); !checked) {
      return fail(std::move(checked.error()));
    }
    const std::lock_guard lock(mutex_);
    const auto found = objects_.find(key);
    if (found == objects_.end()) {
      return fail(ErrorCode::kNotFound, fmt::format("no object '{}'", printable(key)));
    }
    return found->second;
  }

  std::mutex mutex_;
  std::map<std::string, Object, std::less<>> objects_;
};

class MemoryProvider final : public ObjectStoreProvider {
 public:
  Result<std::shared_ptr<ObjectStore>> open(const std::string& bucket,
                                            IfMissing if_missing) override {
    if (auto checked = check_bucket(bucket); !checked) {
      return fail(std::move(checked.error()));
    }
    const std::lock_guard lock(mutex_);
    const auto found = buckets_.find(bucket);
    if (found != buckets_.end()) {
      return found->second;
    }
    if (if_missing == IfMissing::kFail) {
      return fail(ErrorCode::kNotFound, fmt::format("there is no bucket '{}'", bucket));
    }
    return buckets_[bucket] = make_memory_store();
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<ObjectStore>> buckets_;
};

}  // namespace

std::shared_ptr<ObjectStoreProvider> make_memory_provider() {
  return std::make_shared<MemoryProvider>();
}

std::shared_ptr<ObjectStore> make_memory_store() { return std::make_shared<MemoryStore>(); }

}  // namespace nats3::object
