#include "jobs/store/store_runner.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "catalog/archived_sequences.h"
#include "jobs/store/kept_chunk.h"
#include "jobs/store/store_check.h"
#include "jobs/store/store_consumer.h"
#include "jobs/store/streamed_chunk.h"

namespace nats3::jobs {
namespace {

// A step gives the thread back after this many looks, so that jobs share it fairly.
constexpr int kLooksPerStep = 4;
// After few messages it looks again a little later, when more have come, instead of being woken for
// the next one.
constexpr std::chrono::milliseconds kGather{1};
constexpr std::chrono::milliseconds kTick{500};
// Ticks fall together, so that a thread that wakes up has many jobs to step: waking it costs more
// than a step of an idle job.
using TickGrid = std::chrono::duration<std::int64_t, std::deci>;

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
  auto start = recover_store(environment(), spec, keeper().record(), *info,
                             [this](const nats::StreamInfo& now, std::uint64_t archived) {
                               return end_of_stream_.check(now, archived, clock().monotonic());
                             });
  if (!start) {
    return fail(start.error());
  }
  const std::uint64_t received = start->received;
  begin_at(std::move(*start));
  if (auto begun = index_->begin(); !begun) {
    return begun;
  }
  unseen_.emplace(environment(), definition());
  totals_.unseen += unseen_->begin(keeper().record(), epoch_, archived_, *info);
  if (auto recorded = record_state(); !recorded) {
    return recorded;
  }
  nats::SourceOptions options = source_options(spec, *info, received + 1);
  options.archived = [catalog = catalog_, epoch = epoch_, filter = spec.subject](
                         std::uint64_t after, std::uint64_t up_to) {
    return catalog::archived_sequences(*catalog, epoch, filter, after, up_to);
  };
  consumer_ = options.consumer;
  const bool of_work_queue = info->retention == nats::Retention::kWorkQueue;
  if (auto marked = mark_complete(of_work_queue); !marked) {
    return marked;
  }
  auto source = environment().broker.open_source(options);
  if (!source) {
    return fail(source.error());
  }
  watch_.emplace(environment().broker, spec,
                 DeliveryWatch::Consumer{.durable = explicit_ack_ ? consumer_ : "",
                                         .of_work_queue = of_work_queue});
  watch_->left((*source)->pending_at_open(), clock().monotonic());
  (*source)->on_ready(waker());
  intake_.emplace(std::move(*source), spec, StoreIntake::Targets{*cutter_, *unseen_, *watch_},
                  !explicit_ack_, received);
  set_progress(progress());
  return {};
}

void StoreRunner::begin_at(StoreStart start) {
  catalog_ = std::move(start.catalog);
  epoch_ = std::move(start.epoch);
  archived_ = start.archived;
  first_of_tail_ = start.first_of_tail;
  ChunkCutter::Start cut{.in_order = !explicit_ack_,
                         .after = start.received,
                         .to_make_again = std::move(start.to_make_again)};
  // What would have the key of other messages comes first, and would be cut alike.
  if (uploads_ && uploads_->taken() > 1) {
    cut.first_count = uploads_->taken() - 1;
  }
  cutter_.emplace(definition().spec.batch, chunk_factory(), std::move(cut));
  found_ = std::move(start.found);
  totals_ = start.totals;
  index_ = std::make_shared<IndexWriter>(
      IndexWriter::Subject{catalog_, epoch_, definition().spec.subject}, environment().lease,
      environment().tasks, waker());
  uploads_ = std::make_shared<UploadQueue>(
      UploadTarget{definition().spec, catalog_, epoch_, environment().lease, explicit_ack_, index_},
      environment().encoders, environment().tasks, waker());
}

// Messages that are delivered again have to be sorted before they are written.
PendingChunkFactory StoreRunner::chunk_factory() {
  const StoreSpec& spec = definition().spec;
  const ChunkSpec chunk{spec.stream, epoch_, spec.subject, spec.codec};
  if (explicit_ack_) {
    return [chunk](std::uint64_t previous) { return std::make_unique<KeptChunk>(chunk, previous); };
  }
  return [chunk,
          tasks = StreamedChunk::Tasks{environment().encoders, waker()}](std::uint64_t previous) {
    return std::make_unique<StreamedChunk>(chunk, previous, tasks);
  };
}

Result<void> StoreRunner::look_for_unseen() {
  return unseen_->look(clock().monotonic()).map([&](std::uint64_t unseen) {
    totals_.unseen += unseen;
  });
}

Result<void> StoreRunner::look_at_consumer() {
  const std::uint64_t deliveries = held().deliveries();
  auto looked = watch_->look({.deliveries = deliveries,
                              .first = held().first_sequence(),
                              .reached = std::max(intake_->received(), archived_ + deliveries),
                              .has_room = has_room(),
                              .held_back = complete_ && complete_->held_back()},
                             clock().monotonic());
  stood_still_ = !looked || (stood_still_ && watch_->pending() > 0);
  return looked;
}

Result<void> StoreRunner::mark_complete(bool of_work_queue) {
  const StoreSpec& spec = definition().spec;
  complete_.reset();
  if (!explicit_ack_) {
    return CompleteMark::remove(*catalog_, epoch_, spec.subject);
  }
  complete_ = std::make_shared<CompleteMark>(
      CompleteMark::Subject{catalog_, epoch_, spec.subject, spec.stream, consumer_, of_work_queue},
      environment().broker, environment().lease, environment().tasks, waker());
  return complete_->begin(archived_);
}

Result<StoreRunner::Next> StoreRunner::advance() {
  auto done = collect_outcomes().and_then([&] { return admit_stored(); });
  if (done) {
    done = receive();
  }
  if (done) {
    done = look_for_unseen().and_then([&] { return look_at_consumer(); });
  }
  if (const auto due = flush_at(); done && due && clock().monotonic() >= *due) {
    cutter_->cut();
    queue_cut();
  }
  if (done) {
    done = put_on_record();
  }
  if (done) {
    uploads_->start();
    done = extend_held();
  }
  if (complete_) {
    complete_->tick(held().first_sequence());
  }
  index_->extend(first_to_come());
  set_progress(progress());
  if (!done) {
    return fail(done.error());
  }
  Next next = next_wake();
  next.wake = std::min(*next.wake, look_at_.value_or(*next.wake));
  return next;
}

Result<StoreRunner::Next> StoreRunner::drain() {
  // Half of a chunk to be made again isn't worth a chunk of its own: it stays on record.
  if (cutter_->to_make_again().empty()) {
    cutter_->cut();
    queue_cut();
  }
  auto done = collect_outcomes().and_then([&] { return admit_stored(); }).and_then([&] {
    return put_on_record();
  });
  if (!done) {
    return fail(done.error());
  }
  uploads_->start();
  if (auto extended = extend_held(); !extended) {
    return fail(extended.error());
  }
  set_progress(progress());
  Next next = next_wake();
  if (complete_) {
    complete_->tick(held().first_sequence());
  }
  if (uploads_->uploads().empty() && (!complete_ || complete_->settled())) {
    watch_.reset();  // from here on nobody looks
    if (auto recorded = record_state(); !recorded) {
      return fail(recorded.error());
    }
    next.finished = true;
  }
  return next;
}

void StoreRunner::close_session() {
  intake_.reset();
  cutter_.reset();
  if (uploads_) {
    uploads_->abandon();
  }
  memory_.hold(0);
  found_.clear();
  upload_trouble_ = false;
  extend_at_.reset();
  watch_.reset();
}

bool StoreRunner::idle() const {
  return (!uploads_ || uploads_->idle()) && (!complete_ || complete_->idle()) &&
         (!index_ || index_->idle());
}

HeldChunks StoreRunner::held() const { return {*cutter_, *uploads_}; }

bool StoreRunner::has_room() const {
  return held().has_room(definition().spec.batch.max_bytes, explicit_ack_,
                         environment().store_memory);
}

// Takes what has arrived, as long as there is room for the chunks it makes.
Result<void> StoreRunner::receive() {
  look_at_.reset();
  for (int i = 0; i < kLooksPerStep && has_room(); ++i) {
    const auto came = intake_->take(clock().monotonic());
    if (!came) {
      return fail(came.error());
    }
    if (*came == StoreIntake::Came::kNothing) {
      return {};
    }
    queue_cut();
    memory_.hold(held().bytes());
    stood_still_ = false;
    if (*came == StoreIntake::Came::kFew) {
      look_at_ = clock().monotonic() + kGather;
      return {};
    }
  }
  if (has_room()) {
    wake();
  }
  return {};
}

// When what is gathered becomes a chunk although it isn't full. Not while there is no room for it,
// nor while the rest of a chunk to be made again can still come.
std::optional<MonotonicTime> StoreRunner::flush_at() const {
  const auto since = cutter_->gathered_since();
  if (!since || !has_room() ||
      (!cutter_->to_make_again().empty() && watch_ && watch_->pending() > 0)) {
    return std::nullopt;
  }
  if (held().deliveries() >= intake_->source().max_unacknowledged()) {
    return since;  // no more will come before these are acknowledged
  }
  return *since + definition().spec.batch.max_wait;
}

// Hands the chunks that are complete to their uploads.
void StoreRunner::queue_cut() {
  for (auto& [content, range] : cutter_->take()) {
    // Delivered again, since its acknowledgements didn't arrive.
    const bool counted = explicit_ack_ && std::ranges::find(found_, range) != found_.end();
    uploads_->add(std::move(content), range, counted);
  }
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
  record.accounted = unseen_->settled(archived_);
  record.first_of_tail = first_of_tail_;
  const double rate = record.job.progress.rate;
  record.job.progress = progress();
  record.job.progress.rate = rate;
  record.job.info.updated = clock().now();
  record.intents = held().intents();
}

Result<void> StoreRunner::collect_outcomes() {
  if (PendingChunk* gathered = cutter_->gathered()) {
    gathered->settle();
  }
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
    const std::uint64_t archived = std::max(archived_, upload->range.last);
    if (explicit_ack_) {
      if (auto acked = intake_->source().ack(upload->content->ack_subjects()); !acked) {
        return acked;
      }
      complete_->raise(archived, held().first_sequence());
    }
    index_->count_chunk();
    if (archived > archived_) {
      archived_ = archived;
      first_of_tail_ = upload->range.first;
    }
    if (upload->counted) {
      continue;
    }
    count_stored(
        totals_, environment().metrics, upload->range.count,
        {.object_bytes = upload->chunk.bytes.size(), .content_bytes = upload->content->bytes()});
  }
  memory_.hold(held().bytes());
  return {};
}

// Chunks that begin here or above may still come in any order.
std::uint64_t StoreRunner::first_to_come() const {
  return std::min(held().first_sequence().value_or(UINT64_MAX),
                  (complete_ ? complete_->marked() : archived_) + 1);
}

// Keeps the server from delivering again what is held here.
Result<void> StoreRunner::extend_held() {
  if (!explicit_ack_ || held().deliveries() == 0) {
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
  return intake_->source().extend(held().ack_subjects());
}

StoreProgress StoreRunner::progress() const {
  StoreProgress progress = totals_;
  progress.last_sequence = archived_;
  if (watch_) {
    progress.lag = held().unarchived() + watch_->pending();
  }
  progress.oldest_unarchived = held().oldest();
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
