#include "object/budgeted.h"

#include <fmt/format.h>

#include <atomic>
#include <utility>

namespace nats3::object {
namespace {

class BudgetedStore final : public ObjectStore {
 public:
  BudgetedStore(std::shared_ptr<ObjectStore> inner, const Budget& budget, std::stop_token stop)
      : inner_(std::move(inner)),
        budget_(budget),
        deadline_(budget.clock->monotonic() + budget.time),
        stop_(std::move(stop)) {}

  Result<void> put(const std::string& key, const Body& body) override {
    return spend().and_then([&] { return inner_->put(key, body); });
  }
  Result<std::string> get(const std::string& key, std::optional<ByteRange> range) override {
    return spend().and_then([&] { return inner_->get(key, range); });
  }
  Result<ObjectInfo> head(const std::string& key) override {
    return spend().and_then([&] { return inner_->head(key); });
  }
  Result<ListPage> list(const ListQuery& query) override {
    return spend().and_then([&] { return inner_->list(query); });
  }
  Result<void> remove(const std::string& key) override {
    return spend().and_then([&] { return inner_->remove(key); });
  }

 private:
  Result<void> spend() {
    if (stop_.stop_requested()) {
      return fail(ErrorCode::kCancelled, "stopped before the object store was asked");
    }
    if (budget_.clock->monotonic() >= deadline_) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("the object store didn't answer all that it was asked within {} s",
                              budget_.time.count()));
    }
    if (spent_++ >= budget_.requests) {
      return fail(
          ErrorCode::kInvalid,
          fmt::format("it would take more than {} requests to the object store", budget_.requests));
    }
    return {};
  }

  const std::shared_ptr<ObjectStore> inner_;
  const Budget budget_;
  const MonotonicTime deadline_;
  const std::stop_token stop_;
  std::atomic<std::size_t> spent_ = 0;
};

}  // namespace

std::shared_ptr<ObjectStore> make_budgeted(std::shared_ptr<ObjectStore> inner, const Budget& budget,
                                           std::stop_token stop) {
  return std::make_shared<BudgetedStore>(std::move(inner), budget, std::move(stop));
}

}  // namespace nats3::object
