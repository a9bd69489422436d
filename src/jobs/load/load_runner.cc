#include "jobs/load/load_runner.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "catalog/chunk_removal.h"
#include "catalog/replay_reader.h"
#include "jobs/existing_bucket.h"
#include "jobs/load/load_archive.h"
#include "jobs/load/load_check.h"

namespace nats3::jobs {
namespace {

constexpr std::chrono::milliseconds kTick{500};
// With so many in the window it looks for acknowledgements after a little while, when more have
// come, instead of being woken for the next one.
constexpr std::size_t kManyInFlight = 256;
constexpr std::chrono::milliseconds kGather{1};
// In the window of a load, whatever others hold.
constexpr std::size_t kLeastBytes = 1 << 20;
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
    window_.set_position(record.position);
    target_ = std::make_unique<LoadTarget>(environment().broker, record, waker());
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
  auto catalog = open_archive(environment(), spec, window_.position());
  if (!catalog) {
    return fail(catalog.error());
  }
  catalog_ = std::move(*catalog);
  if (auto recorded = record_extent(*catalog_, keeper()); !recorded) {
    return recorded;
  }
  if (auto begun = target_->begin(mapping_->pattern(), clock().monotonic()); !begun) {
    return begun;
  }
  auto sink = environment().broker.open_sink({.domain = target_->domain()});
  if (!sink) {
    return fail(sink.error());
  }
  sink_ = std::move(*sink);
  sink_->on_ready(waker());
  return start_pass();
}

// Begins to read what is archived after the position.
Result<void> LoadRunner::start_pass() {
  const LoadSpec& spec = definition().spec;
  catalog::Selection selection = selection_of(spec, window_.position());
  selection.until = keeper().record().extent;
  auto selected = check_one_order(*catalog_, spec, selection.until).and_then([&] {
    return catalog::count_replayed(*catalog_, selection);
  });
  if (!selected) {
    return fail(gone(selected.error()));
  }
  // An upper bound; a pass that goes on in the middle of a chunk would raise the one before.
  if (totals_.total_messages <= totals_.messages || spec.poll_interval) {
    totals_.total_messages = totals_.messages + *selected;
  }
  ahead_ = std::make_shared<ReadAhead>(reading(catalog_, selection, spec.on_corrupt),
                                       environment().tasks, environment().load_memory, waker());
  next_pass_.reset();
  return {};
}

Result<LoadRunner::Next> LoadRunner::advance() {
  if (next_pass_ && clock().monotonic() >= *next_pass_) {
    if (auto started = start_pass(); !started) {
      return fail(started.error());
    }
  }
  ahead_->start();
  const bool more_to_come = take_outcomes();
  auto done = publish().and_then([&] { return checkpoint(); });
  window_memory_.hold(window_.bytes());
  publish_progress();
  if (!done) {
    return fail(done.error());
  }
  Next next{.wake = clock().monotonic() + (more_to_come ? kGather : kTick)};
  if (!next_pass_ && pass_done()) {
    if (auto ended = end_pass(); !ended) {
      return fail(ended.error());
    }
    next.finished = !definition().spec.poll_interval;
  }
  if (next_pass_) {
    next.wake = *next_pass_;
  }
  return next;
}

// All that was selected is in the target.
Result<void> LoadRunner::end_pass() {
  target_->close_mark();
  if (auto recorded = checkpoint_now(); !recorded) {
    return recorded;
  }
  mark_recorded_ = false;
  totals_.total_messages = totals_.messages;
  publish_progress();
  if (definition().spec.poll_interval) {
    next_pass_ = clock().monotonic() + *definition().spec.poll_interval;
  }
  return {};
}

Result<LoadRunner::Next> LoadRunner::drain() {
  const bool more_to_come = take_outcomes();
  window_memory_.hold(window_.bytes());
  Next next{.wake = clock().monotonic() + (more_to_come ? kGather : kTick)};
  if (window_.all_answered()) {
    if (window_.empty() && mark_recorded_) {
      target_->close_mark();
    }
    if (auto recorded = checkpoint_now(); !recorded) {
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
  add_replayed_within_batch(replayed_);
  for (const LoadWindow::Message& message : window_.clear()) {
    target_->add_arrived(message.batch->epoch, message.sequence, message.target_sequence);
  }
  window_memory_.hold(0);
  if (target_) {
    target_->close_session();
  }
  failed_before_ = failed_.has_value();
  mark_recorded_ = false;
  batch_.reset();
  next_message_ = 0;
  if (ahead_) {
    ahead_->abandon();
  }
  next_pass_.reset();
  failed_.reset();
}

bool LoadRunner::idle() const { return !ahead_ || ahead_->idle(); }

bool LoadRunner::pass_done() const {
  return ahead_->done() && !batch_ && window_.empty() && !target_->reads_back();
}

// Returns whether to look again soon. If not, the sink signals the next one: it does once nothing
// is left.
bool LoadRunner::take_outcomes() {
  bool more_to_come = false;
  while (!more_to_come) {
    const auto outcomes = sink_->take_outcomes();
    if (outcomes.empty()) {
      break;
    }
    more_to_come = window_.messages() >= kManyInFlight;
    for (const auto& outcome : outcomes) {
      take_outcome(outcome);
    }
  }
  admit();
  return more_to_come;
}

void LoadRunner::take_outcome(const nats::PublishOutcome& outcome) {
  const LoadWindow::Message* message = window_.answer(outcome);
  if (message == nullptr) {
    return;
  }
  if (outcome.ack) {
    const auto late = target_->acknowledged(*outcome.ack);
    failed_ = failed_ ? failed_ : late;
  } else if (!failed_) {
    const Error& error = outcome.ack.error();
    failed_ = (error.code == ErrorCode::kConflict ? target_->conflict(error) : error)
                  .with_context(fmt::format("{} into stream '{}'",
                                            replay_->describe(*message->batch, message->sequence),
                                            target_->stream()));
  }
}

void LoadRunner::admit() {
  const LoadWindow::Covered covered = window_.admit();
  for (const LoadWindow::Message& message : covered.messages) {
    target_->covered(message.batch->epoch, message.sequence, message.target_sequence);
    failed_before_ = false;
    totals_.messages += 1;
    totals_.bytes += message.content_bytes;
    environment().metrics.nats_messages.in += 1;
    environment().metrics.nats_bytes.in += message.payload_bytes;
  }
  for (const auto& batch : covered.batches) {
    pass_batch_end(*batch);
  }
}

void LoadRunner::pass_batch_end(const catalog::ReadBatch& batch) {
  Metrics& metrics = environment().metrics;
  metrics.s3_bytes.out += batch.read_bytes;
  metrics.s3_objects.out += batch.finished.size();
  metrics.corrupt_chunks += batch.skipped_chunks;
  totals_.chunks += batch.finished.size();
  totals_.skipped_chunks += batch.skipped_chunks;
  for (const std::string& damage : batch.damage) {
    spdlog::warn("job {} '{}' leaves a chunk out: {}", definition().info.id, definition().spec.name,
                 damage);
  }
  if (definition().spec.delete_chunks) {
    std::ranges::copy_if(batch.finished, std::back_inserter(replayed_),
                         &catalog::FinishedChunk::selected_whole);
  }
}

// After a failure one message goes first: what the target refuses again isn't followed by others.
bool LoadRunner::full() const {
  const std::size_t most = failed_before_ || target_->holds() ? 1 : LoadWindow::kMaxMessages;
  const std::size_t most_bytes = window_memory_.has_room() ? LoadWindow::kMaxBytes : kLeastBytes;
  return window_.messages() >= most || window_.bytes() >= most_bytes;
}

Result<bool> LoadRunner::ready_to_publish() {
  const MonotonicTime now = clock().monotonic();
  if (target_->stale(now)) {
    if (!window_.empty()) {
      return false;
    }
    mark_recorded_ = false;
    if (auto begun = target_->begin(mapping_->pattern(), now); !begun) {
      return fail(begun.error());
    }
  }
  return target_->ready(now);
}

Result<void> LoadRunner::publish() {
  const auto ready = ready_to_publish();
  if (!ready) {
    return fail(ready.error());
  }
  while (*ready && !failed_) {
    if (!batch_) {
      batch_ = ahead_->take();
      next_message_ = 0;
    }
    if (!batch_) {
      if (const auto error = ahead_->error()) {
        failed_ = gone(*error);
        if (failed_->code == ErrorCode::kCorrupt) {
          environment().metrics.corrupt_chunks += 1;
          failed_->message +=
              "; a verification makes it whole while the stream has its messages, on_corrupt skip "
              "leaves it out";
        }
      }
      break;
    }
    if (auto sent = publish_batch(); !sent) {
      failed_ = sent.error();
    }
    if (batch_) {
      break;
    }
  }
  // An error ends the session only when the fate of all that was sent before it is known.
  return failed_ && window_.all_answered() ? Result<void>(fail(*failed_)) : Result<void>();
}

// Publishes of batch_ what there is room for, and lets go of it after its last message.
Result<void> LoadRunner::publish_batch() {
  for (; next_message_ < batch_->messages.size(); ++next_message_) {
    admit();  // what had arrived already
    // Without the lease the next step ends the session.
    if (full() || !environment().lease.held()) {
      return {};
    }
    if (auto done = publish_one(batch_->messages[next_message_]); !done) {
      return done;
    }
  }
  window_.end_batch(std::move(batch_));
  batch_.reset();
  admit();
  return {};
}

Result<void> LoadRunner::publish_one(const archive::Message& message) {
  LoadWindow::Message entry{.batch = batch_,
                            .sequence = message.sequence,
                            .content_bytes = archive::content_size(message),
                            .payload_bytes = message.payload.size()};
  if (target_->any_arrived()) {
    mapping_->apply(message.subject, subject_);
    if (const auto place = target_->take_arrived(batch_->epoch, message.sequence, subject_)) {
      entry.target_sequence = *place;
      window_.arrived(std::move(entry));
      return {};
    }
  }
  if (!mark_recorded_) {
    if (auto opened = open_mark(); !opened) {
      return opened;
    }
  }
  const Expected expected = target_->expected();
  auto sent = sink_->publish(replay_->make(batch_->epoch, message, expected), window_.next_token());
  if (!sent) {
    return fail(sent.error().with_context(replay_->describe(*batch_, message.sequence)));
  }
  target_->sent();
  window_.sent(std::move(entry));
  return {};
}

// Puts on record where in the target to look for what is published from here on. A server that
// lost the job finds out here.
Result<void> LoadRunner::open_mark() {
  if (auto opened = target_->open_mark(); !opened) {
    return opened;
  }
  if (auto recorded = checkpoint_now(); !recorded) {
    return recorded;
  }
  mark_recorded_ = true;
  return {};
}

Result<void> LoadRunner::checkpoint() {
  if (checkpoint_at_ && clock().monotonic() < *checkpoint_at_ && replayed_.size() < kMaxReplayed) {
    return {};
  }
  window_.raise_position();
  return window_.position() == recorded_ ? delete_replayed() : checkpoint_now();
}

Result<void> LoadRunner::checkpoint_now() {
  checkpoint_at_ = clock().monotonic() + kCheckpointInterval;
  auto recorded = keeper().update([&](LoadRecord& record) { put_state(record); });
  if (!recorded) {
    return recorded;
  }
  recorded_ = window_.position();
  return delete_replayed();
}

void LoadRunner::put_state(LoadRecord& record) {
  window_.raise_position();
  record.position = window_.position();
  record.target = target_->mark(window_.lowest_ahead());
  record.replayed = replayed_;
  add_replayed_within_batch(record.replayed);
  const double rate = record.job.progress.rate;
  record.job.progress = totals_;
  record.job.progress.rate = rate;
  record.job.progress.last_sequence = window_.position().stream_sequence();
  record.job.exactness = target_->exactness();
  record.job.info.updated = clock().now();
}

// Adds the chunks that the position passes in the middle of a batch: nobody would come back to
// them.
void LoadRunner::add_replayed_within_batch(std::vector<catalog::FinishedChunk>& replayed) const {
  if (definition().spec.delete_chunks) {
    std::ranges::copy(window_.replayed_within_batch(), std::back_inserter(replayed));
  }
}

// Only once the checkpoint that makes them unnecessary is on record.
Result<void> LoadRunner::delete_replayed() { return catalog::remove_chunks(*catalog_, replayed_); }

void LoadRunner::publish_progress() {
  LoadProgress progress = totals_;
  progress.last_sequence = window_.stream_sequence();
  set_progress(progress);
}

}  // namespace nats3::jobs
