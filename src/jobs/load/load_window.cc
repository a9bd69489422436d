#include "jobs/load/load_window.h"

#include <algorithm>
#include <utility>

namespace nats3::jobs {

void LoadWindow::push(Entry entry) {
  if (!entry.ends_batch) {
    messages_ += 1;
    bytes_ += entry.message.content_bytes;
  }
  entries_.push_back(std::move(entry));
}

void LoadWindow::sent(Message message) { push({.message = std::move(message)}); }

void LoadWindow::arrived(Message message) {
  push({.message = std::move(message), .answered = true, .acknowledged = true});
}

void LoadWindow::end_batch(Batch batch) {
  push({.message = {.batch = std::move(batch)},
        .ends_batch = true,
        .answered = true,
        .acknowledged = true});
}

const LoadWindow::Message* LoadWindow::answer(const nats::PublishOutcome& outcome) {
  if (outcome.token < first_token_ || outcome.token - first_token_ >= entries_.size()) {
    return nullptr;
  }
  Entry& entry = entries_[outcome.token - first_token_];
  entry.answered = true;
  entry.acknowledged = outcome.ack.has_value();
  if (outcome.ack) {
    entry.message.target_sequence = outcome.ack->sequence;
  }
  return &entry.message;
}

LoadWindow::Covered LoadWindow::admit() {
  Covered covered;
  for (; !entries_.empty() && entries_.front().acknowledged; entries_.pop_front()) {
    Message& message = entries_.front().message;
    ++first_token_;
    if (entries_.front().ends_batch) {
      position_ = message.batch->position;
      admitted_batch_.reset();
      covered.batches.push_back(std::move(message.batch));
      continue;
    }
    admitted_batch_ = message.batch;
    admitted_sequence_ = message.sequence;
    messages_ -= 1;
    bytes_ -= message.content_bytes;
    covered.messages.push_back(std::move(message));
  }
  return covered;
}

void LoadWindow::raise_position() {
  if (!admitted_batch_) {
    return;
  }
  const catalog::Position& end = admitted_batch_->position;
  if (position_.epoch != end.epoch) {
    position_ = {.epoch = end.epoch};
  }
  position_.sequence = std::max(position_.sequence, admitted_sequence_);
  for (const auto& [filter, reached] : end.reached) {
    std::uint64_t& own = position_.reached[filter];
    own = std::max(own, std::min(reached, admitted_sequence_));
  }
}

std::vector<catalog::FinishedChunk> LoadWindow::replayed_within_batch() const {
  std::vector<catalog::FinishedChunk> replayed;
  if (!admitted_batch_) {
    return replayed;
  }
  std::ranges::copy_if(admitted_batch_->finished, std::back_inserter(replayed),
                       [&](const auto& finished) {
                         const std::uint64_t last = catalog::is_v1_place(finished.epoch)
                                                        ? admitted_batch_->messages.back().sequence
                                                        : finished.chunk.name.last;
                         return finished.selected_whole && last <= admitted_sequence_;
                       });
  return replayed;
}

std::uint64_t LoadWindow::stream_sequence() const {
  const bool within = admitted_batch_ && !catalog::is_v1_place(admitted_batch_->epoch);
  return std::max(position_.stream_sequence(), within ? admitted_sequence_ : 0);
}

bool LoadWindow::all_answered() const { return std::ranges::all_of(entries_, &Entry::answered); }

std::uint64_t LoadWindow::lowest_ahead() const {
  std::uint64_t lowest = UINT64_MAX;
  for (const Entry& entry : entries_) {
    if (entry.acknowledged && !entry.ends_batch) {
      lowest = std::min(lowest, entry.message.target_sequence);
    }
  }
  return lowest;
}

std::vector<LoadWindow::Message> LoadWindow::clear() {
  raise_position();
  admitted_batch_.reset();
  std::vector<Message> ahead;
  for (Entry& entry : entries_) {
    if (entry.acknowledged && !entry.ends_batch) {
      ahead.push_back(std::move(entry.message));
    }
  }
  first_token_ += entries_.size();
  entries_.clear();
  messages_ = 0;
  bytes_ = 0;
  return ahead;
}

}  // namespace nats3::jobs
