#include "jobs/load/read_back.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "jobs/load/replay_message.h"

namespace nats3::jobs {
namespace {

constexpr std::size_t kFetchMessages = 4'000;
constexpr std::size_t kFetchBytes = 4 << 20;
constexpr int kFetchesInAStep = 16;
// What was counted when the consumer was made may have been dropped by the stream since; and what
// wasn't counted may be on its way to the replica that the consumer reads.
constexpr std::chrono::seconds kSilence{5};

}  // namespace

void Arrived::add(const std::string& epoch, std::uint64_t sequence, std::uint64_t target_sequence,
                  std::string_view subject) {
  const auto [place, added] = by_epoch_[epoch].try_emplace(sequence, Place{target_sequence});
  left_ += added ? 1 : 0;
  if (kept_per_subject_ > 0 && !subject.empty() && !place->second.taken) {
    by_subject_[std::string(subject)][epoch].insert(sequence);
  }
}

void Arrived::add_taken(const std::string& epoch, std::uint64_t sequence,
                        std::uint64_t target_sequence) {
  by_epoch_[epoch].try_emplace(sequence, Place{target_sequence, true});
}

void Arrived::give_back(const std::string& epoch, std::uint64_t sequence,
                        std::uint64_t target_sequence) {
  Place& place = by_epoch_[epoch].try_emplace(sequence, Place{.taken = true}).first->second;
  left_ += place.taken ? 1 : 0;
  place = {target_sequence};
}

std::optional<std::uint64_t> Arrived::take(const std::string& epoch, std::uint64_t sequence,
                                           std::string_view subject) {
  const auto messages = by_epoch_.find(epoch);
  if (messages != by_epoch_.end()) {
    const auto found = messages->second.find(sequence);
    if (found != messages->second.end() && !found->second.taken) {
      found->second.taken = true;
      left_ -= 1;
      return found->second.target_sequence;
    }
  }
  const auto same_subject = by_subject_.find(subject);
  if (same_subject == by_subject_.end() || !same_subject->second.contains(epoch)) {
    return std::nullopt;
  }
  const auto& sequences = same_subject->second.find(epoch)->second;
  const auto later = std::distance(sequences.upper_bound(sequence), sequences.end());
  return static_cast<std::uint64_t>(later) >= kept_per_subject_ ? std::optional<std::uint64_t>(0)
                                                                : std::nullopt;
}

std::uint64_t Arrived::lowest() const {
  std::uint64_t lowest = UINT64_MAX;
  for (const auto& [epoch, messages] : by_epoch_) {
    for (const auto& [sequence, place] : messages) {
      lowest = place.taken ? lowest : std::min(lowest, place.target_sequence);
    }
  }
  return lowest;
}

void Arrived::forget_taken(std::uint64_t target_sequence) {
  for (auto& [epoch, messages] : by_epoch_) {
    std::erase_if(messages, [&](const auto& entry) {
      return entry.second.taken && entry.second.target_sequence <= target_sequence;
    });
  }
  std::erase_if(by_epoch_, [](const auto& entry) { return entry.second.empty(); });
  if (by_epoch_.empty()) {
    by_subject_.clear();
  }
}

std::size_t Arrived::forget_after(std::uint64_t target_sequence) {
  std::size_t forgotten = 0;
  for (auto& [epoch, messages] : by_epoch_) {
    forgotten += std::erase_if(messages, [&](const auto& entry) {
      return !entry.second.taken && entry.second.target_sequence > target_sequence;
    });
  }
  left_ -= forgotten;
  if (forgotten > 0) {
    by_subject_.clear();  // all is read again
  }
  return forgotten;
}

Result<std::unique_ptr<ReadBack>> ReadBack::open(nats::Broker& broker, const std::string& job_id,
                                                 const TargetMark& mark,
                                                 const nats::StreamInfo& info,
                                                 std::function<void()> wake) {
  std::unique_ptr<ReadBack> made(
      new ReadBack(message_id_prefix(job_id), mark.sequence, info.last_sequence, std::move(wake)));
  if (info.messages > 0 && info.first_sequence <= info.last_sequence) {
    auto source = broker.open_source({.stream = info.name,
                                      .filter_subject = "",
                                      .consumer = "nats3-read-back",
                                      .headers_only = true,
                                      .start_sequence = mark.sequence + 1});
    if (!source) {
      return fail(source.error());
    }
    made->source_ = std::move(*source);
    made->source_->on_ready(made->wake_);
    made->pending_ = made->source_->pending_at_open();
  }
  return made;
}

ReadBack::~ReadBack() {
  if (source_) {
    source_->on_ready(nullptr);
  }
}

Result<std::optional<ReadBack::Found>> ReadBack::advance(MonotonicTime now, Arrived& arrived) {
  for (int fetches = 0; source_ && reached_ < last_; ++fetches) {
    if (fetches == kFetchesInAStep) {
      wake_();
      return std::nullopt;
    }
    auto batch = source_->fetch({.max_messages = kFetchMessages, .max_bytes = kFetchBytes});
    if (!batch) {
      return fail(batch.error().with_context("reading back what arrived"));
    }
    if (batch->empty()) {
      give_up_at_ = give_up_at_.value_or(now + kSilence);
      if (now < *give_up_at_) {
        return std::nullopt;
      }
      if (pending_ == 0) {
        break;  // the rest is gone
      }
      return fail(ErrorCode::kUnavailable,
                  fmt::format("reading back what arrived: nothing came for {} s after message {}, "
                              "of {}",
                              kSilence.count(), std::max(reached_, after_), last_));
    }
    give_up_at_.reset();
    for (const auto& delivery : batch->deliveries()) {
      take(delivery.message, arrived);
      pending_ = delivery.pending;
    }
  }
  found_.reached = reached_;
  found_.end = std::max(last_, reached_);
  found_.gaps = received_ < found_.end - after_;
  return found_;
}

void ReadBack::take(const archive::Message& message, Arrived& arrived) {
  if (message.sequence <= after_) {
    return;  // nats-server 2.9 begins earlier on a replica that hasn't come as far
  }
  received_ += 1;
  reached_ = message.sequence;
  const auto id = std::ranges::find_if(message.headers, [&](const archive::HeaderField& field) {
    return (field.name == kMessageId || field.name == kLoadId) &&
           field.value.starts_with(id_prefix_);
  });
  if (id != message.headers.end()) {
    const std::string_view rest = std::string_view(id->value).substr(id_prefix_.size());
    const std::size_t colon = rest.rfind(':');
    std::uint64_t sequence = 0;
    if (colon != rest.npos &&
        std::from_chars(rest.data() + colon + 1, rest.data() + rest.size(), sequence).ec ==
            std::errc{}) {
      found_.own += 1;
      arrived.add(std::string(rest.substr(0, colon)), sequence, message.sequence, message.subject);
      return;
    }
  }
  found_.last_foreign = message.sequence;
}

}  // namespace nats3::jobs
