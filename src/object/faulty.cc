#include "object/faulty.h"

#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

namespace nats3::object {
namespace {

class FaultyStore final : public ObjectStore {
 public:
  FaultyStore(std::shared_ptr<ObjectStore> inner, FaultPlan plan)
      : inner_(std::move(inner)), plan_(std::move(plan)) {}

  Result<void> put(const std::string& key, const Body& body) override {
    return run(Operation::kPut, key, [&](const Fault&) { return inner_->put(key, body); });
  }
  Result<std::string> get(const std::string& key, std::optional<ByteRange> range) override {
    return run(Operation::kGet, key, [&](const Fault& fault) {
      auto body = inner_->get(key, range);
      if (body && fault.truncate_bytes && *fault.truncate_bytes < body->size()) {
        body->resize(*fault.truncate_bytes);
      }
      return body;
    });
  }
  Result<ObjectInfo> head(const std::string& key) override {
    return run(Operation::kHead, key, [&](const Fault&) { return inner_->head(key); });
  }
  Result<ListPage> list(const ListQuery& query) override {
    return run(Operation::kList, query.prefix, [&](const Fault&) { return inner_->list(query); });
  }
  Result<void> remove(const std::string& key) override {
    return run(Operation::kRemove, key, [&](const Fault&) { return inner_->remove(key); });
  }

 private:
  template <typename Work>
  auto run(Operation operation, const std::string& key, Work work)
      -> decltype(work(std::declval<Fault>())) {
    const Fault fault = next_fault(operation, key);
    if (fault.delay.count() > 0) {
      std::this_thread::sleep_for(fault.delay);
    }
    if (fault.error) {
      return fail(*fault.error);
    }
    auto result = work(fault);
    if (fault.lose_answer) {
      return fail(*fault.lose_answer);
    }
    return result;
  }

  Fault next_fault(Operation operation, const std::string& key) {
    const std::lock_guard lock(mutex_);
    return plan_(Call{operation, key, ++number_, ++nth_[operation]});
  }

  std::shared_ptr<ObjectStore> inner_;
  std::mutex mutex_;
  FaultPlan plan_;
  std::uint64_t number_ = 0;
  std::map<Operation, std::uint64_t> nth_;
};

class FaultyProvider final : public ObjectStoreProvider {
 public:
  FaultyProvider(std::shared_ptr<ObjectStoreProvider> inner, FaultPlan plan)
      : inner_(std::move(inner)),
        // One lock for all buckets: a plan may have state.
        plan_([mutex = std::make_shared<std::mutex>(),
               shared = std::make_shared<FaultPlan>(std::move(plan))](const Call& call) {
          const std::lock_guard lock(*mutex);
          return (*shared)(call);
        }) {}

  Result<std::shared_ptr<ObjectStore>> open(const std::string& bucket,
                                            IfMissing if_missing) override {
    auto opened = inner_->open(bucket, if_missing);
    if (!opened) {
      return opened;
    }
    const std::lock_guard lock(mutex_);
    auto& store = stores_[bucket];
    if (!store) {
      store = make_faulty(std::move(*opened), plan_);
    }
    return store;
  }

 private:
  std::shared_ptr<ObjectStoreProvider> inner_;
  FaultPlan plan_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<ObjectStore>> stores_;
};

}  // namespace

std::shared_ptr<ObjectStore> make_faulty(std::shared_ptr<ObjectStore> inner, FaultPlan plan) {
  return std::make_shared<FaultyStore>(std::move(inner), std::move(plan));
}

std::shared_ptr<ObjectStoreProvider> make_faulty_provider(
    std::shared_ptr<ObjectStoreProvider> inner, FaultPlan plan) {
  return std::make_shared<FaultyProvider>(std::move(inner), std::move(plan));
}

Error made_up_error() { return Error{ErrorCode::kUnavailable, "a fault made up by a test"}; }

FaultPlan fail_calls(Operation operation, std::uint64_t first, std::uint64_t count, Error error) {
  return [=, error = std::move(error)](const Call& call) {
    Fault fault;
    if (call.operation == operation && call.nth >= first && call.nth - first < count) {
      fault.error = error;
    }
    return fault;
  };
}

FaultPlan lose_nth_answer(Operation operation, std::uint64_t nth, Error error) {
  return [=, error = std::move(error)](const Call& call) {
    Fault fault;
    if (call.operation == operation && call.nth == nth) {
      fault.lose_answer = error;
    }
    return fault;
  };
}

FaultPlan random_faults(std::uint32_t seed, double fail_probability, double lose_probability) {
  return [random = std::mt19937(seed), fail_it = std::bernoulli_distribution(fail_probability),
          lose_it = std::bernoulli_distribution(lose_probability)](const Call&) mutable {
    Fault fault;
    if (fail_it(random)) {
      fault.error = made_up_error();
    } else if (lose_it(random)) {
      fault.lose_answer = made_up_error();
    }
    return fault;
  };
}

}  // namespace nats3::object
