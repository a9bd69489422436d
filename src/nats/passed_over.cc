#include "nats/passed_over.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace nats3::nats {

PassedOver::PassedOver(Api api, std::string stream, std::string filter,
                       std::uint64_t start_sequence)
    : api_(std::move(api)),
      stream_(std::move(stream)),
      filter_(std::move(filter)),
      next_(std::max<std::uint64_t>(start_sequence, 1)) {}

void PassedOver::take(std::uint64_t sequence, std::size_t index) {
  if (sequence > next_) {
    jumps_.push_back({next_, sequence, index});
  }
  next_ = sequence + 1;
}

std::optional<PassedOver::Finding> PassedOver::find() {
  if (jumps_.empty()) {
    return std::nullopt;
  }
  const auto jumps = std::exchange(jumps_, {});
  std::vector<std::uint64_t> from;
  from.reserve(jumps.size());
  for (const Jump& jump : jumps) {
    from.push_back(jump.from);
  }
  const auto there = api_.next_sequences(stream_, filter_, from);
  if (!there) {
    return Finding{
        jumps.front().index,
        {ErrorCode::kUnavailable,
         "whether it passed over messages can't be found out: " + there.error().message}};
  }
  for (std::size_t i = 0; i < jumps.size(); ++i) {
    const auto sequence = (*there)[i];
    if (sequence && *sequence < jumps[i].to) {
      return Finding{jumps[i].index,
                     {ErrorCode::kUnavailable,
                      fmt::format("it passed over message {}, which the stream has, as nats-server "
                                  "before 2.9.12 does when another subject is purged: it is made "
                                  "anew",
                                  *sequence)}};
    }
  }
  return std::nullopt;
}

}  // namespace nats3::nats
