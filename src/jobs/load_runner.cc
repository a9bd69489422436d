#include "jobs/load_runner.h"

#include <algorithm>

#include "jobs/spec_check.h"

namespace nats3::jobs {
namespace {

// Less than what nats-server 2.11 and later take in flight for one stream (10,000 messages).
constexpr std::size_t kWindowMessages = 4'000;
constexpr std::size_t kWindowBytes = 16 << 20;
constexpr std::size_t kReadAheadBytes = 16 << 20;
constexpr std::chrono::milliseconds kTick{500};
// Far below the shortest duplicate window in use, so that a job which goes on after a crash finds
// its messages' ids still remembered.
constexpr std::chrono::milliseconds kCheckpointInterval{1'000};
// Chunks to be deleted that a record may name: far below what NATS takes for one message.
constexpr std::size_t kMaxReplayed = 256;

}  // namespace

Result<void> LoadRunner::prepare() {
  const LoadSpec& spec = definition().spec;
  const LoadRecord record = keeper().record();
  if (!std::exchange(begun_, true)) {
    position_ = record.position;
    totals_ = record.job.progress;
    replayed_ = record.replayed;
  }
  recorded_ = record.position;
  auto mapping = SubjectMapping::parse(spec.read_subject, spec.write_subject);
  if (!mapping) {
    return fail(mapping.error());
  }
  mapping_ = std::move(*mapping);
  replay_.emplace(spec, definition().info.id, *mapping_);
  if (auto opened = open_archive(); !opened) {
    return opened;
  }
  auto sink = environment().broker.open_sink({});
  if (!sink) {
    return fail(sink.error());
  }
  sink_ = std::move(*sink);
  sink_->on_ready([weak = weak_from_this()] {
    if (const auto self = weak.lock()) {
      self->wake();
    }
  });
  return start_pass();
}

Result<void> LoadRunner::open_archive() {
  const LoadSpec& spec = definition().spec;
  auto store = environment().stores.open(spec.bucket, if_bucket_is_missing(spec));
  if (!store) {
    return fail(store.error());
  }
  auto catalog =
      catalog::Catalog::open(std::move(*store), spec.prefix.value_or(""), spec.read_stream);
  if (!catalog) {
    return fail(catalog.error());
  }
  catalog_ = std::move(*catalog);
  return check_archived(*catalog_, spec, position_);
}

// Begins to read what is archived after position_.
Result<void> LoadRunner::start_pass() {
  const LoadSpec& spec = definition().spec;
  const catalog::Selection selection = selection_of(spec, position_);
  auto selected = catalog::count_replayed(*catalog_, selection);
  if (!selected) {
    return fail(selected.error());
  }
  // An upper bound; a pass that goes on in the middle of a chunk would raise the one before.
  if (totals_.total_messages <= totals_.messages || spec.poll_interval) {
    totals_.total_messages = totals_.messages + *selected;
  }
  reader_ = std::make_shared<catalog::ReplayReader>(
      *catalog_, selection,
      spec.on_corrupt == OnCorrupt::kSkip ? catalog::OnDamage::kSkip : catalog::OnDamage::kFail);
  next_pass_.reset();
  const std::lock_guard lock(read_mutex_);
  read_.clear();
  read_bytes_ = 0;
  read_to_end_ = false;
  read_error_.reset();
  return {};
}

Result<LoadRunner::Next> LoadRunner::advance() {
  if (next_pass_ && clock().monotonic() >= *next_pass_) {
    if (auto started = start_pass(); !started) {
      return fail(started.error());
    }
  }
  read_ahead();
  take_outcomes();
  auto done = publish().and_then([&] { return checkpoint(); });
  publish_progress();
  if (!done) {
    return fail(done.error());
  }
  Next next{.wake = clock().monotonic() + kTick};
  if (!next_pass_ && pass_done()) {
    checkpoint_at_ = clock().monotonic();
    if (auto recorded = checkpoint(); !recorded) {
      return fail(recorded.error());
    }
    totals_.total_messages = totals_.messages;  // all that was selected
    publish_progress();
    if (!definition().spec.poll_interval) {
      next.finished = true;
    } else {
      next_pass_ = clock().monotonic() + *definition().spec.poll_interval;
    }
  }
  if (next_pass_) {
    next.wake = *next_pass_;
  }
  return next;
}

Result<LoadRunner::Next> LoadRunner::drain() {
  take_outcomes();
  Next next{.wake = clock().monotonic() + kTick};
  if (all_answered()) {
    checkpoint_at_ = clock().monotonic();
    if (auto recorded = checkpoint(); !recorded) {
      return fail(recorded.error());
    }
    next.finished = true;
  }
  publish_progress();
  return next;
}

void LoadRunner::close_session() {
  if (sink_) {
    sink_->on_ready(nullptr);
    sink_.reset();
  }
  raise_position();
  acked_batch_.reset();
  failed_before_ = failed_.has_value();
  for (const InFlight& message : in_flight_) {
    if (message.kind == InFlight::Kind::kMessage && message.acknowledged) {
      ahead_.emplace(message.batch->epoch, message.sequence);
    }
  }
  first_token_ += in_flight_.size();
  in_flight_.clear();
  in_flight_bytes_ = 0;
  in_flight_messages_ = 0;
  batch_.reset();
  next_message_ = 0;
  reader_.reset();
  next_pass_.reset();
  failed_.reset();
  const std::lock_guard lock(read_mutex_);
  read_.clear();
  read_bytes_ = 0;
  read_error_.reset();
}

bool LoadRunner::idle() const {
  const std::lock_guard lock(read_mutex_);
  return !read_under_way_;
}

bool LoadRunner::pass_done() const {
  const std::lock_guard lock(read_mutex_);
  return read_to_end_ && read_.empty() && !batch_ && in_flight_.empty();
}

// Keeps one read under way while there is room for what it brings.
void LoadRunner::read_ahead() {
  {
    const std::lock_guard lock(read_mutex_);
    if (read_under_way_ || read_to_end_ || read_error_ || read_bytes_ >= kReadAheadBytes) {
      return;
    }
    read_under_way_ = true;
  }
  environment().tasks.post(
      [self = std::static_pointer_cast<LoadRunner>(shared_from_this()), reader = reader_] {
        auto batch = reader->next();
        {
          const std::lock_guard lock(self->read_mutex_);
          self->read_under_way_ = false;
          if (!batch) {
            self->read_error_ = batch.error();
          } else if (!*batch) {
            self->read_to_end_ = true;
          } else {
            self->read_bytes_ += (*batch)->bytes;
            self->read_.push_back(std::make_shared<const catalog::ReadBatch>(std::move(**batch)));
          }
        }
        self->wake();
      });
}

// Takes until nothing is left: only then the sink signals again.
void LoadRunner::take_outcomes() {
  for (auto outcomes = sink_->take_outcomes(); !outcomes.empty();
       outcomes = sink_->take_outcomes()) {
    for (const auto& outcome : outcomes) {
      take_outcome(outcome);
    }
  }
  admit_acknowledged();
}

void LoadRunner::take_outcome(const nats::PublishOutcome& outcome) {
  if (outcome.token < first_token_ || outcome.token - first_token_ >= in_flight_.size()) {
    return;
  }
  InFlight& message = in_flight_[outcome.token - first_token_];
  message.answered = true;
  message.acknowledged = outcome.ack.has_value();
  if (!outcome.ack && !failed_) {
    failed_ = outcome.ack.error().with_context(replay_->describe(*message.batch, message.sequence));
  }
}

bool LoadRunner::all_answered() const {
  return std::ranges::all_of(in_flight_, &InFlight::answered);
}

void LoadRunner::admit_acknowledged() {
  while (!in_flight_.empty() && in_flight_.front().acknowledged) {
    const InFlight& message = in_flight_.front();
    if (message.kind == InFlight::Kind::kBatchEnd) {
      pass_batch_end(*message.batch);
    } else {
      acked_batch_ = message.batch;
      acked_sequence_ = message.sequence;
      failed_before_ = false;
      totals_.messages += 1;
      totals_.bytes += message.content_bytes;
      in_flight_bytes_ -= message.content_bytes;
      in_flight_messages_ -= 1;
      environment().metrics.nats_messages.in += 1;
      environment().metrics.nats_bytes.in += message.payload_bytes;
    }
    in_flight_.pop_front();
    ++first_token_;
  }
}

void LoadRunner::pass_batch_end(const catalog::ReadBatch& batch) {
  position_ = batch.position;
  acked_batch_.reset();
  Metrics& metrics = environment().metrics;
  metrics.s3_bytes.out += batch.read_bytes;
  metrics.s3_objects.out += batch.finished.size();
  metrics.corrupt_chunks += batch.skipped_chunks;
  totals_.chunks += batch.finished.size();
  totals_.skipped_chunks += batch.skipped_chunks;
  if (definition().spec.delete_chunks) {
    std::ranges::copy_if(batch.finished, std::back_inserter(replayed_),
                         &catalog::FinishedChunk::selected_whole);
  }
}

// Brings the position up to the last message acknowledged within a batch.
void LoadRunner::raise_position() {
  if (!acked_batch_) {
    return;
  }
  const catalog::Position& end = acked_batch_->position;
  if (position_.epoch != end.epoch) {
    position_ = {.epoch = end.epoch};
  }
  position_.sequence = std::max(position_.sequence, acked_sequence_);
  for (const auto& [filter, reached] : end.reached) {
    std::uint64_t& own = position_.reached[filter];
    own = std::max(own, std::min(reached, acked_sequence_));
  }
}

// After a failure one message goes first: what the target refuses again isn't followed by others.
std::size_t LoadRunner::window() const { return failed_before_ ? 1 : kWindowMessages; }

Result<void> LoadRunner::publish() {
  while (!failed_) {
    if (!batch_) {
      batch_ = take_batch();
      next_message_ = 0;
    }
    if (!batch_) {
      break;
    }
    for (; next_message_ < batch_->messages.size() && environment().lease.held(); ++next_message_) {
      admit_acknowledged();  // what was sent by an earlier session
      if (in_flight_messages_ >= window() || in_flight_bytes_ >= kWindowBytes) {
        return {};
      }
      if (auto sent = publish_one(batch_->messages[next_message_]); !sent) {
        failed_ = sent.error();
        break;
      }
    }
    if (!failed_ && next_message_ < batch_->messages.size()) {
      break;  // the lease is lost: the next step ends the session
    }
    if (!failed_) {
      in_flight_.push_back({.kind = InFlight::Kind::kBatchEnd,
                            .batch = std::move(batch_),
                            .answered = true,
                            .acknowledged = true});
      batch_.reset();
      admit_acknowledged();
    }
  }
  // An error ends the session only when the fate of all that was sent before it is known.
  return failed_ && all_answered() ? Result<void>(fail(*failed_)) : Result<void>();
}

// The next batch that was read, or null: nothing yet, the end, or an error, which is then in
// failed_.
std::shared_ptr<const catalog::ReadBatch> LoadRunner::take_batch() {
  std::shared_ptr<const catalog::ReadBatch> batch;
  {
    const std::lock_guard lock(read_mutex_);
    if (read_.empty()) {
      failed_ = read_error_;
      return nullptr;
    }
    batch = std::move(read_.front());
    read_.pop_front();
    read_bytes_ -= batch->bytes;
  }
  read_ahead();
  return batch;
}

Result<void> LoadRunner::publish_one(const archive::Message& message) {
  const std::size_t bytes = archive::content_size(message);
  InFlight in_flight{.batch = batch_,
                     .sequence = message.sequence,
                     .content_bytes = bytes,
                     .payload_bytes = message.payload.size()};
  in_flight_bytes_ += bytes;
  in_flight_messages_ += 1;
  if (!ahead_.empty() && ahead_.erase({batch_->epoch, message.sequence}) > 0) {
    in_flight.answered = true;
    in_flight.acknowledged = true;
    in_flight_.push_back(std::move(in_flight));
    return {};
  }
  const std::uint64_t token = first_token_ + in_flight_.size();
  auto sent = sink_->publish(replay_->make(batch_->epoch, message), token);
  if (!sent) {
    in_flight_bytes_ -= bytes;
    in_flight_messages_ -= 1;
    return fail(sent.error().with_context(replay_->describe(*batch_, message.sequence)));
  }
  in_flight_.push_back(std::move(in_flight));
  return {};
}

Result<void> LoadRunner::checkpoint() {
  const MonotonicTime now = clock().monotonic();
  if (checkpoint_at_ && now < *checkpoint_at_ && replayed_.size() < kMaxReplayed) {
    return {};
  }
  raise_position();
  if (position_ == recorded_) {
    return delete_replayed();
  }
  checkpoint_at_ = now + kCheckpointInterval;
  auto recorded = keeper().update([&](LoadRecord& record) { put_state(record); });
  if (!recorded) {
    return recorded;
  }
  recorded_ = position_;
  return delete_replayed();
}

void LoadRunner::put_state(LoadRecord& record) {
  raise_position();
  record.position = position_;
  record.replayed = replayed_;
  if (acked_batch_ && definition().spec.delete_chunks) {
    // The position passes them in the middle of the batch: nobody would come back to them.
    std::ranges::copy_if(acked_batch_->finished, std::back_inserter(record.replayed),
                         [&](const auto& finished) { return is_replayed(finished); });
  }
  const double rate = record.job.progress.rate;
  record.job.progress = totals_;
  record.job.progress.rate = rate;
  record.job.progress.last_sequence = position_.stream_sequence();
  record.job.info.updated = clock().now();
}

// Whether the target has acknowledged every message of a chunk that ends in acked_batch_.
bool LoadRunner::is_replayed(const catalog::FinishedChunk& finished) const {
  const std::uint64_t last = catalog::is_v1_place(finished.epoch)
                                 ? acked_batch_->messages.back().sequence
                                 : finished.chunk.name.last;
  return finished.selected_whole && last <= acked_sequence_;
}

// Only once the checkpoint that makes them unnecessary is on record.
Result<void> LoadRunner::delete_replayed() {
  while (!replayed_.empty()) {
    if (auto removed = catalog_->remove_chunk(replayed_.back().epoch, replayed_.back().chunk);
        !removed) {
      return removed;
    }
    replayed_.pop_back();
  }
  return {};
}

void LoadRunner::publish_progress() {
  LoadProgress progress = totals_;
  progress.last_sequence = position_.stream_sequence();
  if (acked_batch_ && !catalog::is_v1_place(acked_batch_->epoch)) {
    progress.last_sequence = std::max(progress.last_sequence, acked_sequence_);
  }
  set_progress(progress);
}

}  // namespace nats3::jobs
