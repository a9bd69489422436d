#include "jobs/store_runner.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/subject.h"
#include "jobs/spec_check.h"
#include "jobs/store_chunk.h"
#include "jobs/store_consumer.h"

namespace nats3::jobs {
namespace {

// Chunks sealed and not yet admitted: one is put while the next is encoded. With the one being
// gathered and what the source buffers, this bounds the memory of a job to about four chunks.
constexpr std::size_t kMaxUploads = 2;
constexpr std::size_t kFetchMessages = 4'096;
constexpr std::size_t kFetchBytes = 4 << 20;
// A step gives the thread back after this many fetches, so that jobs share it fairly.
constexpr int kFetchesPerStep = 4;
constexpr std::chrono::milliseconds kTick{500};
// Ticks fall together, so that a thread that wakes up has many jobs to step: waking it costs more
// than a step of an idle job.
using TickGrid = std::chrono::duration<std::int64_t, std::deci>;
constexpr std::chrono::milliseconds kRefreshPending{2'000};

}  // namespace

Result<void> StoreRunner::prepare() {
  const StoreSpec& spec = definition().spec;
  auto info = environment().broker.stream_info(spec.stream);
  if (!info && info.error().action() == Action::kNotFound) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("stream '{}' is gone; the job goes on when it is back", spec.stream));
  }
  if (!info) {
    return fail(info.error());
  }
  // Others may be given to it again; what is in it under the old ones can't be read meanwhile.
  if (auto inside = check_subject(*info, spec.subject); !inside) {
    return fail(ErrorCode::kUnavailable, inside.error().message + "; the job waits");
  }
  explicit_ack_ = acknowledges(spec, *info);
  auto start = recover_store(environment(), spec, keeper().record(), *info);
  if (!start) {
    return fail(start.error());
  }
  begin_at(std::move(*start));
  if (auto begun = index_->begin(); !begun) {
    return begun;
  }
  account_from(*info);
  if (auto recorded = record_state(); !recorded) {
    return recorded;
  }
  const nats::SourceOptions options = source_options(spec, *info, received_ + 1);
  consumer_ = options.consumer;
  if (auto marked = mark_complete(); !marked) {
    return marked;
  }
  auto source = environment().broker.open_source(options);
  if (!source) {
    return fail(source.error());
  }
  source_ = std::move(*source);
  source_->on_ready(waker());
  pending_at_consumer_ = source_->pending_at_open();
  set_progress(progress());
  return {};
}

void StoreRunner::begin_at(StoreStart start) {
  catalog_ = std::move(start.catalog);
  epoch_ = std::move(start.epoch);
  archived_ = start.archived;
  first_of_tail_ = start.first_of_tail;
  received_ = start.received;
  sealed_ = start.received;
  to_make_again_ = std::move(start.to_make_again);
  found_ = std::move(start.found);
  totals_ = start.totals;
  index_ = std::make_shared<IndexWriter>(
      IndexWriter::Subject{catalog_, epoch_, definition().spec.subject}, environment().lease,
      environment().tasks, waker());
  uploads_ = std::make_shared<UploadQueue>(
      UploadTarget{definition().spec, catalog_, epoch_, environment().lease, explicit_ack_, index_},
      environment().tasks, waker());
}

bool StoreRunner::selects_all(const nats::StreamInfo& info) const {
  return std::ranges::all_of(info.subjects, [&](const std::string& own) {
    return subject_covers(definition().spec.subject, own);
  });
}

// Known only where the job selects all of a stream that keeps messages until they are old or too
// many: elsewhere sequences are missing for other reasons. Before its first session nothing was its
// to see.
void StoreRunner::account_from(const nats::StreamInfo& info) {
  const StoreRecord record = keeper().record();
  const bool went_on = record.epoch == epoch_;
  const Unseen unseen =
      gaps_.begin(std::max(went_on ? record.accounted : 0, archived_), info.first_sequence);
  if (went_on || archived_ > 0) {
    count_unseen(info, unseen);
  }
}

Result<void> StoreRunner::account_for_gaps() {
  const MonotonicTime now = clock().monotonic();
  if (!gaps_.open() || now < account_at_) {
    return {};
  }
  account_at_ = now + kRefreshPending;
  return environment()
      .broker.stream_info(definition().spec.stream)
      .map([&](const nats::StreamInfo& info) {
        count_unseen(info, gaps_.settle(info.first_sequence));
      });
}

void StoreRunner::count_unseen(const nats::StreamInfo& info, const Unseen& unseen) {
  if (unseen.messages == 0 || info.retention != nats::Retention::kLimits || !selects_all(info)) {
    return;
  }
  totals_.unseen += unseen.messages;
  environment().metrics.unseen_messages += unseen.messages;
  spdlog::warn(
      "job {} '{}': up to {} messages left stream '{}' before they were archived, up to "
      "sequence {}",
      definition().info.id, definition().spec.name, unseen.messages, info.name, unseen.last);
}

// Chunks come in order without acknowledgements, and a mark of another time would say otherwise.
Result<void> StoreRunner::mark_complete() {
  const StoreSpec& spec = definition().spec;
  complete_.reset();
  if (!explicit_ack_) {
    auto there = catalog_->complete_up_to(epoch_, spec.subject);
    if (!there) {
      return fail(there.error());
    }
    return *there ? catalog_->remove_complete(epoch_, spec.subject) : Result<void>();
  }
  complete_ = std::make_shared<CompleteMark>(
      CompleteMark::Subject{catalog_, epoch_, spec.subject, spec.stream, consumer_},
      environment().broker, environment().lease, environment().tasks, waker());
  return complete_->begin();
}

Result<StoreRunner::Next> StoreRunner::advance() {
  auto done = collect_outcomes().and_then([&] { return admit_stored(); });
  if (done) {
    done = receive();
  }
  if (done) {
    done = account_for_gaps();
  }
  if (const auto due = flush_at(); done && due && clock().monotonic() >= *due) {
    to_make_again_.clear();  // the rest of a chunk to be made again isn't in the stream any more
    seal();
  }
  if (done) {
    done = put_on_record();
  }
  if (done) {
    uploads_->start();
    done = extend_held();
  }
  refresh_pending();
  if (complete_) {
    complete_->tick();
  }
  index_->extend(first_to_come());
  set_progress(progress());
  if (!done) {
    return fail(done.error());
  }
  return next_wake();
}

Result<StoreRunner::Next> StoreRunner::drain() {
  // Half of a chunk to be made again isn't worth a chunk of its own: it stays on record.
  if (to_make_again_.empty()) {
    seal();
  }
  auto done = collect_outcomes().and_then([&] { return admit_stored(); }).and_then([&] {
    return put_on_record();
  });
  if (!done) {
    return fail(done.error());
  }
  uploads_->start();
  set_progress(progress());
  Next next = next_wake();
  if (complete_) {
    complete_->tick();
  }
  if (uploads_->uploads().empty() && (!complete_ || complete_->settled())) {
    if (auto recorded = record_state(); !recorded) {
      return fail(recorded.error());
    }
    next.finished = true;
  }
  return next;
}

void StoreRunner::close_session() {
  if (source_) {
    source_->on_ready(nullptr);
    source_.reset();
  }
  pending_ = {};
  pending_since_.reset();
  if (uploads_) {
    uploads_->abandon();
  }
  to_make_again_.clear();
  found_.clear();
  upload_trouble_ = false;
  extend_at_.reset();
  pending_at_consumer_ = 0;
}

bool StoreRunner::idle() const {
  return (!uploads_ || uploads_->idle()) && (!complete_ || complete_->idle()) &&
         (!index_ || index_->idle());
}

bool StoreRunner::has_room() const { return uploads_->uploads().size() < kMaxUploads; }

// Takes what has arrived, as long as there is room for the chunks it makes.
Result<void> StoreRunner::receive() {
  for (int i = 0; i < kFetchesPerStep && has_room(); ++i) {
    auto batch = source_->fetch({.max_messages = kFetchMessages, .max_bytes = kFetchBytes});
    if (!batch) {
      return fail(batch.error());
    }
    if (batch->empty()) {
      return {};
    }
    if (auto taken = take(std::make_shared<const nats::DeliveryBatch>(std::move(*batch))); !taken) {
      return taken;
    }
  }
  if (has_room()) {
    wake();
  }
  return {};
}

Result<void> StoreRunner::take(const std::shared_ptr<const nats::DeliveryBatch>& batch) {
  const auto& deliveries = batch->deliveries();
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    if (auto taken = take_one(batch, i); !taken) {
      return taken;
    }
  }
  pending_at_consumer_ = deliveries.back().pending;
  return {};
}

Result<void> StoreRunner::take_one(const std::shared_ptr<const nats::DeliveryBatch>& batch,
                                   std::size_t index) {
  const archive::Message& message = batch->deliveries()[index].message;
  const std::uint64_t sequence = message.sequence;
  if (!subject_matches(definition().spec.subject, message.subject)) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the consumer delivered '{}', which '{}' doesn't select: it was edited",
                            message.subject, definition().spec.subject));
  }
  if (!explicit_ack_) {
    if (sequence <= received_) {
      return fail(
          ErrorCode::kUnavailable,
          fmt::format("the consumer went back from sequence {} to {}", received_, sequence));
    }
    gaps_.take(sequence);
    received_ = sequence;
    while (!to_make_again_.empty() && sequence > to_make_again_.front().last) {
      seal();  // its last messages have left the stream since
      to_make_again_.pop_front();
    }
  }
  if (pending_.empty()) {
    pending_since_ = clock().monotonic();
  }
  pending_.add(batch, index);
  const BatchPolicy& policy = definition().spec.batch;
  const bool full = to_make_again_.empty() ? pending_.count() >= policy.max_count ||
                                                 pending_.bytes() >= policy.max_bytes
                                           : sequence == to_make_again_.front().last;
  if (full) {
    seal();
    if (!to_make_again_.empty()) {
      to_make_again_.pop_front();
    }
  }
  return {};
}

// When what is pending becomes a chunk although it isn't full. Not while there is no room for it,
// nor while the rest of a chunk to be made again can still come.
std::optional<MonotonicTime> StoreRunner::flush_at() const {
  if (pending_.empty() || !has_room() || (!to_make_again_.empty() && pending_at_consumer_ > 0)) {
    return std::nullopt;
  }
  if (held() >= source_->max_unacknowledged()) {
    return *pending_since_;  // no more will come before these are acknowledged
  }
  return *pending_since_ + definition().spec.batch.max_wait;
}

// Messages received and not yet admitted, repeated ones included.
std::uint64_t StoreRunner::held() const {
  std::uint64_t held = pending_.count();
  for (const auto& upload : uploads_->uploads()) {
    held += upload->content.count();
  }
  return held;
}

void StoreRunner::seal() {
  if (pending_.empty()) {
    return;
  }
  // A chunk that is made again names the same predecessor, to have the same bytes.
  const std::uint64_t previous = to_make_again_.empty() ? sealed_ : to_make_again_.front().previous;
  PendingChunk content = std::exchange(pending_, {});
  pending_since_.reset();
  const ChunkRange range = content.seal(explicit_ack_ ? 0 : previous);
  sealed_ = range.last;
  // Delivered again, since its acknowledgements didn't arrive.
  const bool known = explicit_ack_ && std::ranges::find(found_, range) != found_.end();
  known ? uploads_->add_stored(std::move(content), range)
        : uploads_->add(std::move(content), range);
}

// One compare-and-set puts every sealed chunk on record; it is also the proof that this job is
// still ours.
Result<void> StoreRunner::put_on_record() {
  if (!uploads_->any_to_record()) {
    return {};
  }
  return record_state().map([&] { uploads_->mark_on_record(); });
}

Result<void> StoreRunner::record_state() {
  return keeper().update([&](StoreRecord& record) { put_state(record); });
}

void StoreRunner::put_state(StoreRecord& record) {
  record.epoch = epoch_;
  record.archived = archived_;
  record.accounted = gaps_.settled(archived_);
  record.first_of_tail = first_of_tail_;
  const double rate = record.job.progress.rate;
  record.job.progress = progress();
  record.job.progress.rate = rate;
  record.job.info.updated = clock().now();
  record.intents.clear();
  for (const auto& upload : uploads_->uploads()) {
    if (!upload->was_there) {
      record.intents.push_back(upload->range);
    }
  }
  record.intents.insert(record.intents.end(), to_make_again_.begin(), to_make_again_.end());
  std::ranges::sort(record.intents, {}, &ChunkRange::first);
}

Result<void> StoreRunner::collect_outcomes() {
  auto failed = uploads_->collect();
  if (!failed) {
    return fail(failed.error());
  }
  environment().metrics.retries += static_cast<std::uint64_t>(*failed);
  if (*failed > 0 || (upload_trouble_ && !uploads_->trouble())) {
    set_trouble(uploads_->trouble());
    upload_trouble_ = uploads_->trouble().has_value();
  }
  return {};
}

// Counts and acknowledges chunks that are in the bucket, in order.
Result<void> StoreRunner::admit_stored() {
  while (const auto upload = uploads_->take_stored()) {
    if (explicit_ack_) {
      if (auto acked = source_->ack(upload->content.ack_subjects()); !acked) {
        return acked;
      }
      complete_->raise();
    }
    index_->count_chunk();
    archived_ = std::max(archived_, upload->range.last);
    first_of_tail_ = upload->range.first;
    if (upload->was_there) {
      continue;
    }
    count_stored(totals_, environment().metrics, upload->range.count,
                 {.object_bytes = upload->bytes.size(), .content_bytes = upload->content.bytes()});
  }
  return {};
}

// Chunks that begin here or above may still come in any order.
std::uint64_t StoreRunner::first_to_come() const {
  std::uint64_t first = (complete_ ? complete_->marked() : archived_) + 1;
  for (const auto& upload : uploads_->uploads()) {
    first = std::min(first, upload->range.first);
  }
  for (const ChunkRange& range : to_make_again_) {
    first = std::min(first, range.first);
  }
  return first;
}

// Keeps the server from delivering again what is held here.
Result<void> StoreRunner::extend_held() {
  if (!explicit_ack_ || (pending_.empty() && uploads_->uploads().empty())) {
    extend_at_.reset();
    return {};
  }
  const MonotonicTime now = clock().monotonic();
  if (!extend_at_) {
    extend_at_ = now + kAckWait / 3;
  }
  if (now < *extend_at_) {
    return {};
  }
  extend_at_ = now + kAckWait / 3;
  std::vector<std::string> held = pending_.ack_subjects();
  for (const auto& upload : uploads_->uploads()) {
    std::ranges::move(upload->content.ack_subjects(), std::back_inserter(held));
  }
  return source_->extend(held);
}

// Each delivery tells what is left. While none is taken, others do.
void StoreRunner::refresh_pending() {
  const MonotonicTime now = clock().monotonic();
  if (has_room() || now < refresh_pending_at_) {
    return;
  }
  refresh_pending_at_ = now + kRefreshPending;
  const std::string& stream = definition().spec.stream;
  if (explicit_ack_) {
    if (const auto position = environment().broker.consumer_position(stream, consumer_)) {
      pending_at_consumer_ = position->pending;
    }
  } else if (const auto info = environment().broker.stream_info(stream);
             info && selects_all(*info)) {
    const std::uint64_t reached = std::max(received_, archived_ + held());
    pending_at_consumer_ =
        info->last_sequence > reached ? std::min(info->messages, info->last_sequence - reached) : 0;
  }
}

StoreProgress StoreRunner::progress() const {
  StoreProgress progress = totals_;
  progress.last_sequence = archived_;
  std::uint64_t unarchived = pending_.count();
  for (const auto& upload : uploads_->uploads()) {
    unarchived += upload->range.count;
  }
  progress.lag = unarchived + pending_at_consumer_;
  if (!uploads_->uploads().empty()) {
    progress.oldest_unarchived = uploads_->uploads().front()->content.oldest();
  } else if (!pending_.empty()) {
    progress.oldest_unarchived = pending_.oldest();
  }
  return progress;
}

StoreRunner::Next StoreRunner::next_wake() const {
  MonotonicTime wake = std::chrono::ceil<TickGrid>(clock().monotonic() + kTick);
  if (const auto due = flush_at()) {
    wake = std::min(wake, *due);
  }
  if (const auto attempt = uploads_->next_attempt()) {
    wake = std::min(wake, *attempt);
  }
  return {.wake = wake};
}

}  // namespace nats3::jobs
