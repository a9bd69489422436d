#include "object/retrying.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/time_text.h"

namespace nats3::object {
namespace {

using SteadyClock = std::chrono::steady_clock;

class Retrier {
 public:
  Retrier(RetryOptions options, std::stop_token stop)
      : options_(std::move(options)), stop_(std::move(stop)) {}

  // Calls `attempt` until its result is to be kept.
  template <typename Attempt>
  auto run(Attempt attempt) -> decltype(attempt()) {
    const auto deadline = SteadyClock::now() + options_.deadline;
    Backoff backoff(options_.backoff, std::random_device{}());
    for (int attempts = 1;; ++attempts) {
      if (stop_.stop_requested()) {
        return fail(ErrorCode::kCancelled, "stopped before the object store was asked");
      }
      auto result = attempt();
      if (result || result.error().code != ErrorCode::kUnavailable) {
        return result;
      }
      const auto wait = backoff.next();
      if (SteadyClock::now() + wait >= deadline) {
        return fail(result.error().with_context(fmt::format("gave up after {} attempt{} within {}",
                                                            attempts, attempts == 1 ? "" : "s",
                                                            format_duration(options_.deadline))));
      }
      if (options_.on_retry) {
        options_.on_retry(result.error());
      }
      if (!sleep(wait)) {
        return fail(
            ErrorCode::kCancelled,
            fmt::format("stopped while waiting to try again after: {}", result.error().message));
      }
    }
  }

 private:
  // Returns false when a stop was asked for.
  bool sleep(std::chrono::milliseconds wait) const {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop_, wait, [] { return false; });
    return !stop_.stop_requested();
  }

  RetryOptions options_;
  std::stop_token stop_;
};

class RetryingStore final : public ObjectStore {
 public:
  RetryingStore(std::shared_ptr<ObjectStore> inner, RetryOptions options, std::stop_token stop)
      : inner_(std::move(inner)), retrier_(std::move(options), std::move(stop)) {}

  Result<void> put(const std::string& key, const Body& body) override {
    return retrier_.run([&] { return inner_->put(key, body); });
  }
  Result<std::string> get(const std::string& key, std::optional<ByteRange> range) override {
    return retrier_.run([&] { return inner_->get(key, range); });
  }
  Result<ObjectInfo> head(const std::string& key) override {
    return retrier_.run([&] { return inner_->head(key); });
  }
  Result<ListPage> list(const ListQuery& query) override {
    return retrier_.run([&] { return inner_->list(query); });
  }
  Result<void> remove(const std::string& key) override {
    return retrier_.run([&] { return inner_->remove(key); });
  }

 private:
  std::shared_ptr<ObjectStore> inner_;
  Retrier retrier_;
};

class RetryingProvider final : public ObjectStoreProvider {
 public:
  RetryingProvider(std::shared_ptr<ObjectStoreProvider> inner, RetryOptions options,
                   std::stop_token stop)
      : inner_(std::move(inner)),
        options_(std::move(options)),
        stop_(std::move(stop)),
        retrier_(options_, stop_) {}

  Result<std::shared_ptr<ObjectStore>> open(const std::string& bucket,
                                            IfMissing if_missing) override {
    auto store = retrier_.run([&] { return inner_->open(bucket, if_missing); });
    if (!store) {
      return store;
    }
    return make_retrying(std::move(*store), options_, stop_);
  }

 private:
  std::shared_ptr<ObjectStoreProvider> inner_;
  RetryOptions options_;
  std::stop_token stop_;
  Retrier retrier_;
};

}  // namespace

std::shared_ptr<ObjectStore> make_retrying(std::shared_ptr<ObjectStore> inner, RetryOptions options,
                                           std::stop_token stop) {
  return std::make_shared<RetryingStore>(std::move(inner), std::move(options), std::move(stop));
}

std::shared_ptr<ObjectStoreProvider> make_retrying_provider(
    std::shared_ptr<ObjectStoreProvider> inner, RetryOptions options, std::stop_token stop) {
  return std::make_shared<RetryingProvider>(std::move(inner), std::move(options), std::move(stop));
}

}  // namespace nats3::object
