// Faults on demand, for tests and fault campaigns: a store that does what another does, except
// where its plan says otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "object/object_store.h"

namespace nats3::object {

enum class Operation { kPut, kGet, kHead, kList, kRemove };

// One call, as the plan sees it.
struct Call {
  Operation operation = Operation::kPut;
  std::string key;           // of a list: its prefix
  std::uint64_t number = 0;  // among all calls of this bucket, from 1
  std::uint64_t nth = 0;     // among its calls of this operation, from 1
};

// What goes wrong with a call. The default: nothing.
struct Fault {
  std::chrono::milliseconds delay{0};         // before anything else
  std::optional<Error> error;                 // instead of doing it
  std::optional<Error> lose_answer;           // after it was done
  std::optional<std::size_t> truncate_bytes;  // a get gives only so many, and says nothing
};

// Called for each call, one at a time, also across the buckets of one provider.
using FaultPlan = std::function<Fault(const Call&)>;

// Thread-safe; calls into `inner` run side by side.
[[nodiscard]] std::shared_ptr<ObjectStore> make_faulty(std::shared_ptr<ObjectStore> inner,
                                                       FaultPlan plan);
[[nodiscard]] std::shared_ptr<ObjectStoreProvider> make_faulty_provider(
    std::shared_ptr<ObjectStoreProvider> inner, FaultPlan plan);

// kUnavailable, with a message that says it was made up.
[[nodiscard]] Error made_up_error();

// Fails calls `first` to `first + count - 1` of `operation`.
[[nodiscard]] FaultPlan fail_calls(Operation operation, std::uint64_t first,
                                   std::uint64_t count = 1, Error error = made_up_error());
// Does what the `nth` call of `operation` asks, then reports `error`.
[[nodiscard]] FaultPlan lose_nth_answer(Operation operation, std::uint64_t nth,
                                        Error error = made_up_error());
// Fails calls, and loses answers, each with the given probability. The same seed and the same order
// of calls give the same faults.
[[nodiscard]] FaultPlan random_faults(std::uint32_t seed, double fail_probability,
                                      double lose_probability);

}  // namespace nats3::object
