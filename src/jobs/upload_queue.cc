#include "jobs/upload_queue.h"

#include <algorithm>

#include "jobs/store_chunk.h"

namespace nats3::jobs {

UploadQueue::UploadQueue(UploadTarget target, Executor& tasks, std::function<void()> on_outcome)
    : target_(std::move(target)), tasks_(tasks), on_outcome_(std::move(on_outcome)) {}

void UploadQueue::add(PendingChunk content, const ChunkRange& range) {
  auto upload = std::make_shared<Upload>();
  upload->content = std::move(content);
  upload->range = range;
  upload->key = archive::chunk_key(target_.catalog->location(), target_.epoch, target_.spec.subject,
                                   chunk_name(range, target_.spec.codec));
  upload->backoff = Backoff({}, static_cast<std::uint32_t>(range.last));
  uploads_.push_back(std::move(upload));
}

bool UploadQueue::any_to_record() const {
  return std::ranges::any_of(
      uploads_, [](const auto& upload) { return upload->state == Upload::State::kSealed; });
}

void UploadQueue::mark_on_record() {
  for (const auto& upload : uploads_) {
    if (upload->state == Upload::State::kSealed) {
      upload->state = Upload::State::kOnRecord;
    }
  }
}

void UploadQueue::start() {
  const MonotonicTime now = tasks_.clock().monotonic();
  for (const auto& upload : uploads_) {
    if (upload->state != Upload::State::kOnRecord ||
        (upload->not_before && now < *upload->not_before)) {
      continue;
    }
    upload->state = Upload::State::kUnderWay;
    {
      const std::lock_guard lock(mutex_);
      ++under_way_;
    }
    tasks_.post([self = shared_from_this(), upload] { self->attempt(upload); });
  }
}

// Runs as a task.
void UploadQueue::attempt(const std::shared_ptr<Upload>& upload) {
  Result<void> result = store(*upload);
  {
    const std::lock_guard lock(mutex_);
    outcomes_.push_back({upload, std::move(result)});
    --under_way_;
  }
  on_outcome_();
}

Result<void> UploadQueue::store(Upload& upload) const {
  if (upload.bytes.empty()) {
    auto bytes = encode_chunk(target_.spec, target_.epoch, upload.range, upload.content.messages());
    if (!bytes) {
      return fail(bytes.error());
    }
    upload.bytes = std::move(*bytes);
  }
  return target_.catalog->store().put(upload.key, upload.bytes);
}

Result<int> UploadQueue::collect() {
  std::vector<Outcome> outcomes;
  {
    const std::lock_guard lock(mutex_);
    outcomes.swap(outcomes_);
  }
  int failed = 0;
  for (auto& [upload, result] : outcomes) {
    if (result) {
      upload->state = Upload::State::kStored;
      upload->not_before.reset();
    } else if (result.error().action() == Action::kRetry) {
      upload->state = Upload::State::kOnRecord;
      upload->not_before = tasks_.clock().monotonic() + upload->backoff.next();
      trouble_ = result.error();
      ++failed;
    } else {
      return fail(result.error());
    }
  }
  if (std::ranges::none_of(uploads_,
                           [](const auto& upload) { return upload->not_before.has_value(); })) {
    trouble_.reset();
  }
  return failed;
}

std::optional<MonotonicTime> UploadQueue::next_attempt() const {
  std::optional<MonotonicTime> next;
  for (const auto& upload : uploads_) {
    if (upload->state == Upload::State::kOnRecord && upload->not_before) {
      next = next ? std::min(*next, *upload->not_before) : *upload->not_before;
    }
  }
  return next;
}

std::shared_ptr<Upload> UploadQueue::take_stored() {
  if (uploads_.empty() || uploads_.front()->state != Upload::State::kStored) {
    return nullptr;
  }
  auto upload = std::move(uploads_.front());
  uploads_.pop_front();
  return upload;
}

void UploadQueue::abandon() {
  uploads_.clear();
  trouble_.reset();
  const std::lock_guard lock(mutex_);
  outcomes_.clear();
}

bool UploadQueue::idle() const {
  const std::lock_guard lock(mutex_);
  return under_way_ == 0;
}

}  // namespace nats3::jobs
