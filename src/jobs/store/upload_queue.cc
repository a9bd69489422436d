#include "jobs/store/upload_queue.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive/chunk_reader.h"
#include "catalog/object_check.h"
#include "jobs/existing_bucket.h"
#include "jobs/store/store_chunk.h"

namespace nats3::jobs {

UploadQueue::UploadQueue(UploadTarget target, Executor& encoders, Executor& tasks,
                         std::function<void()> on_outcome)
    : target_(std::move(target)),
      encoders_(encoders),
      tasks_(tasks),
      on_outcome_(std::move(on_outcome)) {}

void UploadQueue::add(PendingChunkPtr content, const ChunkRange& range, bool counted) {
  auto upload = std::make_shared<Upload>();
  upload->content = std::move(content);
  upload->range = range;
  upload->counted = counted;
  upload->key = archive::chunk_key(target_.catalog->location(), target_.epoch, target_.spec.subject,
                                   chunk_name(range, target_.spec.codec));
  upload->backoff = Backoff({}, static_cast<std::uint32_t>(range.last));
  uploads_.push_back(std::move(upload));
}

std::uint64_t UploadQueue::held_bytes() const {
  std::uint64_t held = 0;
  for (const auto& upload : uploads_) {
    held += upload->encoded ? upload->chunk.bytes.size() : upload->content->held_bytes();
  }
  return held;
}

std::uint64_t UploadQueue::uncompressed_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& upload : uploads_) {
    bytes += upload->content->uncompressed_bytes();
  }
  return bytes;
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
    if (upload->state != Upload::State::kOnRecord || now < upload->not_before.value_or(now)) {
      continue;
    }
    const bool first = upload == uploads_.front();
    if (!upload->encoded && upload->content->can_encode() && (!upload->refused || first)) {
      begin(upload, encoders_, &UploadQueue::encode);
    } else if (upload->encoded && first) {
      begin(upload, tasks_, &UploadQueue::store);
    }
  }
}

void UploadQueue::begin(const std::shared_ptr<Upload>& upload, Executor& executor, Work work) {
  upload->state = Upload::State::kUnderWay;
  {
    const std::lock_guard lock(mutex_);
    ++under_way_;
  }
  executor.post([self = shared_from_this(), upload, work] {
    Result<Done> done = ((*self).*work)(*upload);
    {
      const std::lock_guard lock(self->mutex_);
      self->outcomes_.push_back({upload, std::move(done)});
      --self->under_way_;
    }
    self->on_outcome_();
  });
}

Result<UploadQueue::Done> UploadQueue::encode(Upload& upload) const {
  return upload.content->encode().map([&](archive::Chunk chunk) {
    upload.chunk = std::move(chunk);
    return Done::kEncoded;
  });
}

Result<UploadQueue::Done> UploadQueue::store(Upload& upload) const {
  if (target_.keys_may_repeat) {
    const auto found = find(upload);
    if (!found) {
      return fail(found.error());
    }
    if (*found) {
      return **found;
    }
  }
  if (auto ready = target_.index->before_put(upload.range.first); !ready) {
    return fail(ready.error());
  }
  if (!target_.lease.held()) {
    return fail(ErrorCode::kUnavailable, "this server's lease ended before an upload");
  }
  upload.tried = true;
  return target_.catalog->store()
      .put(upload.key, object::Body{upload.chunk.bytes, upload.chunk.sha256})
      .map([] { return Done::kStored; });
}

// Whether the chunk in the bucket has the messages of the one that would be put. An earlier version
// may have put it and divided them into frames otherwise: it takes a look at all of it then.
Result<bool> UploadQueue::same_messages(const Upload& upload, const archive::ChunkIndex& there,
                                        const archive::ChunkIndex& ours) const {
  if (archive::same_content(there, ours)) {
    return true;
  }
  if (there.header != ours.header || there.summary != ours.summary ||
      there.file_size > catalog::kMaxObjectBytes) {
    return false;
  }
  const auto bytes = target_.catalog->store().get(upload.key);
  if (!bytes) {
    return fail(bytes.error());
  }
  auto same = archive::same_messages(*bytes, upload.chunk.bytes);
  if (!same && same.error().code == ErrorCode::kCorrupt) {
    return false;  // nor is it put over: what is left of it may be all that there is
  }
  return same;
}

// What the bucket has under the chunk's key. Other messages there are never replaced.
Result<std::optional<UploadQueue::Done>> UploadQueue::find(const Upload& upload) const {
  auto there = target_.catalog->index_of(upload.key);
  if (!there && there.error().action() == Action::kNotFound) {
    return std::nullopt;
  }
  if (!there) {
    return fail(there.error());
  }
  auto ours = archive::ChunkIndex::parse(upload.chunk.bytes, upload.chunk.bytes.size());
  if (!ours) {
    return fail(ours.error());
  }
  return same_messages(upload, *there, *ours).map([&](bool same) -> std::optional<Done> {
    if (!same) {
      return Done::kTaken;
    }
    return upload.tried ? Done::kStored : Done::kWasThere;  // the answer was lost
  });
}

Result<int> UploadQueue::collect() {
  std::vector<Outcome> outcomes;
  {
    const std::lock_guard lock(mutex_);
    outcomes.swap(outcomes_);
  }
  for (const auto& upload : uploads_) {
    if (upload->state != Upload::State::kUnderWay) {
      upload->content->settle();
    }
  }
  int failed = 0;
  for (auto& [upload, done] : outcomes) {
    upload->state = Upload::State::kOnRecord;
    if (done && *done == Done::kTaken) {
      taken_ = upload->range.count;
      return fail(ErrorCode::kUnavailable,
                  fmt::format("'{}' is there with other messages: these are read again, to be cut "
                              "at another place",
                              upload->key));
    }
    if (done && *done == Done::kEncoded) {
      upload->encoded = true;
      upload->content->release_messages(target_.keys_may_repeat);
    } else if (done) {
      upload->not_before.reset();
      upload->counted = upload->counted || *done == Done::kWasThere;
      upload->state = Upload::State::kStored;
    } else if (done.error().action() == Action::kRetry) {
      upload->not_before = tasks_.clock().monotonic() + upload->backoff.next();
      trouble_ = done.error();
      ++failed;
    } else if (done.error().action() == Action::kNotFound) {
      // What isn't there for a put is the bucket. One that comes in its place may be another, which
      // the next session finds out.
      return fail(gone(done.error()));
    } else if (!upload->encoded && !uploads_.empty() && upload != uploads_.front()) {
      upload->refused = true;
    } else {
      return fail(done.error());
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
