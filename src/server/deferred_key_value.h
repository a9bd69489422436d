// DeferredKeyValue: a key-value bucket that is opened at its first use, so that a server can start
// before NATS does. Thread-safe. Errors: those of KeyValue and of opening it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "nats/broker.h"

namespace nats3::server {

class DeferredKeyValue final : public nats::KeyValue {
 public:
  using Open = std::function<Result<std::unique_ptr<nats::KeyValue>>()>;
  explicit DeferredKeyValue(Open open) : open_(std::move(open)) {}

  Result<nats::KvEntry> get(const std::string& key) override {
    return opened().and_then([&](auto* kv) { return kv->get(key); });
  }
  Result<std::vector<nats::KvEntry>> list(const std::string& prefix) override {
    return opened().and_then([&](auto* kv) { return kv->list(prefix); });
  }
  Result<std::vector<nats::KvChange>> changes(const std::string& prefix,
                                              std::uint64_t after) override {
    return opened().and_then([&](auto* kv) { return kv->changes(prefix, after); });
  }
  Result<std::uint64_t> put(const std::string& key, std::string_view value,
                            std::uint64_t expected) override {
    return opened().and_then([&](auto* kv) { return kv->put(key, value, expected); });
  }
  Result<void> remove(const std::string& key, std::uint64_t expected) override {
    return opened().and_then([&](auto* kv) { return kv->remove(key, expected); });
  }
  Result<nats::StreamInfo> stream() override {
    return opened().and_then([&](auto* kv) { return kv->stream(); });
  }

 private:
  Result<nats::KeyValue*> opened() {
    const std::lock_guard lock(mutex_);
    if (!kv_) {
      auto opened = open_();
      if (!opened) {
        return fail(opened.error());
      }
      kv_ = std::move(*opened);
    }
    return kv_.get();
  }

  const Open open_;
  std::mutex mutex_;
  std::unique_ptr<nats::KeyValue> kv_;
};

}  // namespace nats3::server
