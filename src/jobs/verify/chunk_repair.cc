#include "jobs/verify/chunk_repair.h"

#include <fmt/format.h>

#include "archive/chunk_reader.h"
#include "catalog/object_check.h"
#include "jobs/common_prefix.h"
#include "jobs/job.h"
#include "jobs/store/store_chunk.h"

namespace nats3::jobs {
namespace {

constexpr std::size_t kFetchMessages = 4'096;
constexpr std::size_t kFetchBytes = 4 << 20;
constexpr int kFetchesPerStep = 4;
// A key may claim anything: no job is told to write more than a tenth of this in messages, and not
// much more than this in bytes.
constexpr std::uint64_t kMaxMessages = 100'000'000;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1'100} << 20;

RepairOutcome not_repaired(std::string why) {
  return {.repaired = false, .detail = std::move(why)};
}

}  // namespace

ChunkRepair::ChunkRepair(const JobEnvironment& environment,
                         std::shared_ptr<const catalog::Catalog> catalog, catalog::Lost lost,
                         std::function<void()> on_ready)
    : environment_(environment),
      catalog_(std::move(catalog)),
      lost_(std::move(lost)),
      on_ready_(std::move(on_ready)),
      previous_(lost_.previous) {}

ChunkRepair::~ChunkRepair() {
  if (source_) {
    source_->on_ready(nullptr);
  }
}

bool ChunkRepair::idle() const {
  const std::lock_guard lock(mutex_);
  return !under_way_;
}

std::uint64_t ChunkRepair::first() const {
  return lost_.name ? lost_.name->first : lost_.previous + 1;
}

Codec ChunkRepair::codec() const {
  return lost_.encoding == archive::Encoding::kJson ? Codec::kJson : Codec::kBinary;
}

Result<std::optional<RepairOutcome>> ChunkRepair::advance() {
  if (state_ == State::kBegin) {
    auto begun = begin();
    if (!begun || *begun) {
      return begun;
    }
    state_ = State::kReading;
  }
  if (state_ == State::kWriting) {
    std::optional<Result<Written>> written;
    {
      const std::lock_guard lock(mutex_);
      written = std::exchange(written_, std::nullopt);
    }
    if (!written) {
      return std::nullopt;
    }
    auto finished = finish_write(*written);
    if (!finished || *finished) {
      return finished;
    }
    state_ = State::kReading;
  }
  return read();
}

Result<std::optional<RepairOutcome>> ChunkRepair::finish_write(const Result<Written>& written) {
  if (!written && written.error().action() == Action::kRetry) {
    return fail(written.error());
  }
  if (!written) {
    return not_repaired(written.error().message);
  }
  ++chunks_;
  all_were_there_ = all_were_there_ && *written == Written::kWasThere;
  if (read_ < lost_.last) {
    return std::nullopt;
  }
  return RepairOutcome{
      .repaired = true,
      .detail = (all_were_there_ ? std::string("it was put back meanwhile")
                                 : fmt::format("{} messages were archived again, in {} chunk{}",
                                               messages_, chunks_, chunks_ == 1 ? "" : "s")) +
                reservation_};
}

// Whether the stream can have all of them. Errors: those that heal by themselves.
Result<std::optional<RepairOutcome>> ChunkRepair::begin() {
  const std::string& stream = catalog_->location().stream;
  const auto info = environment_.broker.stream_info(stream);
  if (!info && info.error().action() == Action::kRetry) {
    return fail(info.error());
  }
  if (!info) {
    return not_repaired(fmt::format("stream '{}' can't be read: {}", stream, info.error().message));
  }
  if (info->retention != nats::Retention::kLimits) {
    return not_repaired(fmt::format(
        "stream '{}' doesn't keep what was acknowledged: it can't be read again", stream));
  }
  if (lost_.filter.empty()) {
    return not_repaired("which subject its folder stands for isn't known: stream.json is needed");
  }
  if (lost_.name && lost_.name->count > kMaxMessages) {
    return not_repaired("its key tells of more messages than a chunk can have");
  }
  // The last one is there, so that reading comes to an end, or to a message after it.
  const auto last = environment_.broker.get_message(stream, lost_.last);
  if (!last && last.error().action() == Action::kRetry) {
    return fail(last.error());
  }
  if (!last || first() < info->first_sequence) {
    return not_repaired(
        fmt::format("stream '{}' hasn't all of the messages {} to {} any more: it begins at {}",
                    stream, first(), lost_.last, info->first_sequence));
  }
  if (!lost_.name) {
    auto checked = check_missing(*info);
    if (!checked || *checked) {
      return checked;
    }
  }
  auto source = environment_.broker.open_source(
      {.stream = stream,
       .filter_subject = lost_.filter,
       .consumer = "nats3-verify",
       .start_sequence = lost_.previous_is_known ? first() : lost_.previous + 1});
  if (!source && source.error().action() == Action::kRetry) {
    return fail(source.error());
  }
  if (!source) {
    return not_repaired(source.error().message);
  }
  source_ = std::move(*source);
  source_->on_ready(on_ready_);
  return std::nullopt;
}

Result<std::optional<RepairOutcome>> ChunkRepair::check_missing(const nats::StreamInfo& info) {
  if (!lost_.successor) {
    return not_repaired("nothing is known of them but their sequences");
  }
  const auto same = compare_last(environment_.broker, *catalog_, info, *lost_.successor);
  if (!same && same.error().action() == Action::kRetry) {
    return fail(same.error());
  }
  if (!same || *same != Comparison::kSame) {
    return not_repaired(
        fmt::format("whether stream '{}' is the one that was archived can't be told: the chunk "
                    "after them isn't of what it holds now",
                    info.name));
  }
  return std::nullopt;
}

// A missing chunk is made as a job makes one by default; a damaged one as its key says.
bool ChunkRepair::is_full() const {
  constexpr BatchPolicy kPolicy;
  return !lost_.name &&
         (pending_->count() >= kPolicy.max_count || pending_->bytes() >= kPolicy.max_bytes);
}

Result<std::optional<RepairOutcome>> ChunkRepair::read() {
  for (int i = 0; i < kFetchesPerStep; ++i) {
    auto fetched = source_->fetch({.max_messages = kFetchMessages, .max_bytes = kFetchBytes});
    if (!fetched && fetched.error().action() == Action::kRetry) {
      return fail(fetched.error());
    }
    if (!fetched) {
      return not_repaired(fetched.error().message);
    }
    if (fetched->empty()) {
      return std::nullopt;
    }
    const auto batch = std::make_shared<const nats::DeliveryBatch>(std::move(*fetched));
    for (std::size_t at = 0; at < batch->deliveries().size(); ++at) {
      read_ = batch->deliveries()[at].message.sequence;
      if (read_ > lost_.last) {
        break;
      }
      if (read_ < first()) {
        return not_repaired(fmt::format(
            "a chunk may be missing before it: stream '{}' has message {}, which no chunk has",
            catalog_->location().stream, read_));
      }
      if (!pending_) {
        pending_ = std::make_unique<KeptChunk>(
            ChunkSpec{catalog_->location().stream, lost_.epoch, lost_.filter, codec()}, previous_);
      }
      pending_->add(batch, at);
    }
    if (pending_ && (pending_->bytes() > kMaxBytes || pending_->count() > kMaxMessages)) {
      return not_repaired("they are more than a chunk can hold");
    }
    if (read_ >= lost_.last || (pending_ && is_full())) {
      return finish_chunk();
    }
  }
  on_ready_();  // there may be more; other jobs have their turn first
  return std::nullopt;
}

// All of a chunk was read: it is made, if it is what was archived.
Result<std::optional<RepairOutcome>> ChunkRepair::finish_chunk() {
  const std::string& stream = catalog_->location().stream;
  if (!pending_) {
    return not_repaired(
        fmt::format("stream '{}' has none of the messages after {} up to {} any more", stream,
                    previous_, lost_.last));
  }
  std::shared_ptr<KeptChunk> content = std::move(pending_);
  const ChunkRange range = content->seal();
  if (read_ > lost_.last && range.last != lost_.last) {
    return not_repaired(
        fmt::format("of the messages up to {}, stream '{}' has those after {} no "
                    "more: they left it while they were read",
                    lost_.last, stream, range.last));
  }
  if (lost_.name && chunk_name(range, codec()) != *lost_.name) {
    return not_repaired(fmt::format(
        "stream '{}' has {} messages from {} to {}, which aren't the {} that were archived", stream,
        range.count, range.first, range.last, lost_.name->count));
  }
  const bool contiguous = lost_.name ? lost_.previous_is_known || range.first == previous_ + 1
                                     : range.count == range.last - previous_;
  if (!contiguous) {
    const auto all = stream_has_all_after(previous_);
    if (!all) {
      return fail(all.error());
    }
    if (!*all && !lost_.name) {
      return not_repaired(fmt::format(
          "messages were deleted from stream '{}': whether these were archived can't be told",
          stream));
    }
    if (!*all) {
      reservation_ = fmt::format(
          "; whether any of the messages {} to {} were archived before it can't be told",
          previous_ + 1, range.first - 1);
    }
  }
  messages_ += range.count;
  previous_ = range.last;
  write(std::move(content), range);
  return std::nullopt;
}

// Whether no message after `sequence` was deleted or has expired. Asked after they were read, it
// tells that none was before.
Result<bool> ChunkRepair::stream_has_all_after(std::uint64_t sequence) const {
  return environment_.broker.stream_info(catalog_->location().stream)
      .map([&](const nats::StreamInfo& info) {
        return info.first_sequence <= sequence + 1 &&
               info.messages == info.last_sequence - info.first_sequence + 1;
      });
}

void ChunkRepair::write(std::shared_ptr<KeptChunk> content, const ChunkRange& range) {
  state_ = State::kWriting;
  {
    const std::lock_guard lock(mutex_);
    under_way_ = true;
  }
  environment_.tasks.post([self = shared_from_this(), content = std::move(content), range] {
    Result<Written> written = self->make(*content, range);
    {
      const std::lock_guard lock(self->mutex_);
      self->under_way_ = false;
      self->written_ = std::move(written);
    }
    self->on_ready_();
  });
}

// Makes the chunk, checks it, and only then replaces what is there.
Result<ChunkRepair::Written> ChunkRepair::make(KeptChunk& content, const ChunkRange& range) const {
  const archive::ChunkLocation at{lost_.epoch, archive::filter_component(lost_.filter),
                                  chunk_name(range, codec())};
  const std::string key =
      archive::chunk_key(catalog_->location(), lost_.epoch, lost_.filter, at.name);
  const auto whole = is_whole(key, at);
  if (!whole) {
    return fail(whole.error());
  }
  if (*whole) {
    return Written::kWasThere;
  }
  const auto chunk = content.encode();
  if (!chunk) {
    return fail(chunk.error());
  }
  if (const auto verdict = catalog::check_chunk(catalog_->location().stream, at, chunk->bytes);
      verdict.flaw) {
    return fail(ErrorCode::kInternal, "the chunk made again is damaged: " + verdict.flaw->what);
  }
  return put(key, chunk->bytes).map([] { return Written::kPut; });
}

// Whether a whole chunk is under its key. Errors: those of ObjectStore; kConflict for what mustn't
// be replaced.
Result<bool> ChunkRepair::is_whole(const std::string& key, const archive::ChunkLocation& at) const {
  const auto there = catalog_->store().head(key);
  if (!there && there.error().action() != Action::kNotFound) {
    return fail(there.error());
  }
  if (!there || there->size > catalog::kMaxObjectBytes) {
    return false;
  }
  const auto bytes = catalog_->store().get(key);
  if (!bytes && bytes.error().action() == Action::kNotFound) {
    return false;
  }
  if (!bytes) {
    return fail(bytes.error());
  }
  const auto verdict = catalog::check_chunk(catalog_->location().stream, at, *bytes);
  if (!verdict.flaw) {
    return true;
  }
  if (verdict.flaw->kind == catalog::FindingKind::kForeign) {
    return fail(ErrorCode::kConflict, verdict.flaw->what);
  }
  if (verdict.flaw->kind == catalog::FindingKind::kMisplaced) {
    return check_copied(*bytes).map([] { return false; });
  }
  return false;
}

// A whole chunk under the key of another one may be the only one with its messages. Errors:
// kConflict when it isn't where it belongs as well.
Result<void> ChunkRepair::check_copied(std::string_view bytes) const {
  const auto index = archive::verify_chunk(bytes);
  if (!index) {
    return {};
  }
  const archive::ChunkHeader& header = index->header;
  const archive::StreamLocation home{catalog_->location().prefix, header.stream};
  const archive::ChunkLocation at{header.epoch, archive::filter_component(header.filter),
                                  archive::chunk_name(index->summary, header.encoding)};
  if (archive::check_location(home) && archive::parse_epoch_name(header.epoch)) {
    const std::string key = archive::chunk_key(home, header.epoch, header.filter, at.name);
    const auto copy = catalog_->store().get(key);
    if (!copy && copy.error().action() == Action::kRetry) {
      return fail(copy.error());
    }
    if (copy && !catalog::check_chunk(header.stream, at, *copy).flaw) {
      return {};
    }
  }
  return fail(ErrorCode::kConflict,
              fmt::format("what lies under its key is a whole chunk of stream '{}', messages {} to "
                          "{}, which isn't where it belongs: move it there first",
                          header.stream, at.name.first, at.name.last));
}

Result<void> ChunkRepair::put(const std::string& key, std::string_view bytes) const {
  object::ObjectStore& store = catalog_->store();
  if (!environment_.lease.held()) {
    return fail(ErrorCode::kUnavailable, "this server's lease has ended");
  }
  // Where a new chunk comes between others, an index of them isn't true any more. A store job makes
  // it again; one that was making it just now is told by its absence.
  const std::string index = archive::index_key(catalog_->location(), lost_.epoch, lost_.filter);
  const auto forget_index = [&] { return lost_.name ? Result<void>() : store.remove(index); };
  if (auto done = forget_index().and_then([&] { return store.put(key, bytes); }); !done) {
    return done;
  }
  const auto stored = store.get(key);
  if (!stored) {
    return fail(stored.error());
  }
  if (*stored != bytes) {
    return fail(ErrorCode::kUnavailable, fmt::format("'{}' was put, and isn't what was put", key));
  }
  return forget_index();
}

}  // namespace nats3::jobs
