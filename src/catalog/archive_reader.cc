#include "catalog/archive_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "base/subject.h"

namespace nats3::catalog {
namespace {

constexpr std::uint64_t kBatchBytes = 1 << 20;
// Indexes alone may be fetched of so many bytes for one batch: who reads wants to hear of it.
constexpr std::uint64_t kBatchReadBytes = 8 << 20;
// And so many chunks looked at by their names, of some twenty listings.
constexpr std::size_t kBatchLooks = 20'000;
constexpr std::uint64_t kNoSequence = std::numeric_limits<std::uint64_t>::max();

bool covers_times(const Selection& selection, const ChunkRef& chunk) {
  return (!selection.from_time || chunk.name.time_min >= *selection.from_time) &&
         (!selection.to_time || chunk.name.time_max <= *selection.to_time);
}

// Whether a chunk can hold only what is selected, by its name alone.
bool covers_name(const Selection& selection, const ChunkRef& chunk) {
  return subject_covers(selection.subject, chunk.filter) && covers_times(selection, chunk);
}

}  // namespace

ArchiveReader::ArchiveReader(const Catalog& catalog, Selection selection, OnDamage on_damage)
    : catalog_(catalog), selection_(std::move(selection)), on_damage_(on_damage) {}

Result<std::optional<ReadBatch>> ArchiveReader::next() {
  if (failed_) {
    return fail(*failed_);
  }
  ReadBatch batch;
  const auto filled = fill(batch);
  if (filled && !*filled && batch.skipped_chunks == 0) {
    return std::nullopt;
  }
  if (!filled) {
    failed_ = filled.error();
    keep_good(batch);
    if (batch.messages.empty()) {
      return fail(*failed_);
    }
  }
  batch.position = position();
  return batch;
}

// Of a batch that an error cut short, what was read before it is good. Who goes on after it meets
// again what lies behind its last message, and counts it then.
void ArchiveReader::keep_good(ReadBatch& batch) const {
  std::erase_if(batch.finished, [this](const FinishedChunk& finished) {
    return finished.chunk.name.last > last_sequence_;
  });
  if (batch.skipped_chunks > 0) {
    batch.messages.clear();  // which of them would be met again isn't known
  }
}

// False when nothing is left to be read.
Result<bool> ArchiveReader::fill(ReadBatch& batch) {
  while (batch.bytes < kBatchBytes) {
    if (!epoch_) {
      if (!batch.messages.empty() || !batch.finished.empty()) {
        return true;  // a batch is of one epoch
      }
      auto opened = open_epoch();
      if (!opened || !*opened) {
        return opened;
      }
    }
    batch.epoch = *epoch_;
    batch_epoch_ = *epoch_;
    auto opened = open_due_chunks(batch);
    if (!opened) {
      return fail(opened.error());
    }
    if (!*opened) {
      return true;
    }
    if (cursors_.empty()) {
      last_sequence_ = std::max(last_sequence_, passed_over_);
      epoch_.reset();
    } else if (auto read = read_run(batch); !read) {
      return fail(read.error());
    }
  }
  return true;
}

// Opens the next epoch that can hold something. Returns whether there is one.
Result<bool> ArchiveReader::open_epoch() {
  if (!epochs_) {
    auto epochs = catalog_.epochs();
    if (!epochs) {
      return fail(epochs.error());
    }
    epochs_.emplace(epochs->begin(), epochs->end());
  }
  while (!epochs_->empty() && epochs_->front().name < selection_.after.epoch) {
    epochs_->pop_front();
  }
  if (epochs_->empty() || (selection_.until && epochs_->front().name > selection_.until->epoch)) {
    return false;
  }
  return open_epoch(epochs_->front()).map([&] {
    epochs_->pop_front();
    return true;
  });
}

Result<void> ArchiveReader::open_epoch(const archive::EpochDescription& epoch) {
  description_ = epoch;
  reached_.clear();
  if (selection_.after.epoch == epoch.name) {
    reached_ = selection_.after.reached;
  }
  auto lister = ChunkLister::open(catalog_, epoch);
  if (!lister) {
    return fail(lister.error());
  }
  std::vector<Coverage> covered;
  for (const std::string& filter : lister->filters()) {
    auto coverage = Coverage::open(catalog_, epoch, filter, selection_, epochs_->size() > 1);
    if (!coverage) {
      return fail(coverage.error());
    }
    covered.push_back(std::move(*coverage));
  }
  Unlisted unlisted{.selection = selection_};
  if (!selection_.meet_passed) {
    unlisted.passed = &reached_;
  }
  if (auto planned = lister->leave_out(unlisted); !planned) {
    return planned;
  }
  epoch_ = epoch.name;
  lister_ = std::move(*lister);
  covered_ = std::move(covered);
  passed_over_ = 0;
  last_sequence_ = 0;
  return {};
}

std::uint64_t ArchiveReader::floor_of(const std::string& filter) const {
  const auto reached = reached_.find(filter);
  return std::max(description_.shared(filter), reached == reached_.end() ? 0 : reached->second);
}

Coverage& ArchiveReader::covered_by(const std::string& filter) {
  const auto found = std::ranges::find(covered_, filter, &Coverage::filter);
  return found != covered_.end() ? *found : covered_.emplace_back(Coverage{.filter = filter});
}

// Whether all there is in a chunk was read by who follows the archive: it came again, or what
// should have been done with it wasn't.
bool ArchiveReader::is_passed(const ChunkRef& chunk) const {
  const auto reached = reached_.find(chunk.filter);
  return selection_.follow && selection_.meet_passed && reached != reached_.end() &&
         chunk.name.last <= reached->second && covers_name(selection_, chunk);
}

// Whether an earlier reader met the message: in whichever filter's chunks.
bool ArchiveReader::was_read(const archive::Message& message) const {
  return std::ranges::any_of(reached_, [&](const auto& reached) {
    return message.sequence <= reached.second && subject_matches(reached.first, message.subject);
  });
}

// A filter is read as far as the merge is, but not beyond the chunks it has: more may come.
Position ArchiveReader::position() const {
  Position position{.epoch = batch_epoch_, .sequence = last_sequence_, .reached = reached_};
  for (const Coverage& covered : covered_) {
    std::uint64_t& reached = position.reached[covered.filter];
    reached = std::max(reached, std::min(last_sequence_, covered.last));
    position.sequence = std::max(position.sequence, reached);
  }
  return position;
}

bool ArchiveReader::selects_whole(const ChunkCursor& cursor) const {
  const ChunkRef& chunk = cursor.chunk();
  const auto selected = [&](const archive::SubjectCount& counted) {
    return subject_matches(selection_.subject, counted.subject);
  };
  const archive::SubjectSummary& subjects = cursor.index().subjects;
  return covers_name(selection_, chunk) ||
         (covers_times(selection_, chunk) && subjects.complete() &&
          std::ranges::all_of(subjects.listed, selected));
}

bool ArchiveReader::selects(const archive::Message& message) const {
  return (!selection_.from_time || message.time >= *selection_.from_time) &&
         (!selection_.to_time || message.time <= *selection_.to_time) &&
         (selection_.subject == ">" || subject_matches(selection_.subject, message.subject));
}

// Opens every chunk that can hold the next message. False when there may be more: the batch has
// taken its share.
Result<bool> ArchiveReader::open_due_chunks(ReadBatch& batch) {
  std::size_t looks = 0;
  while ((batch.read_bytes < kBatchReadBytes && looks++ < kBatchLooks) || !cursors_.empty()) {
    auto next = lister_->peek();
    if (!next) {
      return fail(next.error());
    }
    const auto is_before = [&](const ChunkCursor& cursor) {
      return cursor.current().sequence < (*next)->name.first;
    };
    if (*next == nullptr || std::ranges::any_of(cursors_, is_before)) {
      return true;
    }
    const ChunkRef& chunk = **next;
    Coverage& covered = covered_by(chunk.filter);
    covered.reach(lister_->skipped());
    if (is_passed(chunk)) {
      batch.finished.push_back({batch.epoch, chunk, true, std::nullopt});
    } else if (chunk.name.first <= covered.limit && chunk.name.last > floor_of(chunk.filter) &&
               may_select(selection_, chunk)) {
      if (auto opened = open_chunk(chunk, batch); !opened) {
        return fail(opened.error());
      }
    }
    covered.reach(chunk.name.last);
    lister_->pop();
  }
  return false;
}

Result<void> ArchiveReader::open_chunk(const ChunkRef& chunk, ReadBatch& batch) {
  const auto wanted = [this, floor = floor_of(chunk.filter)](const archive::FrameInfo& frame) {
    return frame.last_sequence > floor &&
           (!selection_.from_time || frame.time_max >= *selection_.from_time) &&
           (!selection_.to_time || frame.time_min <= *selection_.to_time);
  };
  auto cursor = ChunkCursor::open(catalog_, chunk, wanted);
  if (!cursor) {
    return on_damage(cursor.error(), chunk, batch);
  }
  if (auto checked = check_predecessor(*cursor); !checked) {
    if (auto ignored = on_damage(checked.error(), chunk, batch); !ignored) {
      return ignored;
    }
  }
  if (!cursor->index().may_contain_subject(selection_.subject)) {
    batch.read_bytes += cursor->take_read_bytes();
    finish(*cursor, batch);
    return {};
  }
  cursor->select_subject(selection_.subject);
  auto loaded = cursor->load();
  batch.read_bytes += cursor->take_read_bytes();
  if (!loaded) {
    return on_damage(loaded.error(), chunk, batch);
  }
  if (cursor->done()) {
    finish(*cursor, batch);
  } else {
    cursors_.push_back(std::move(*cursor));
  }
  return {};
}

// A chunk was read to its end, perhaps without its last frames. The merge may still be before it,
// so only the end of the epoch brings the position here.
void ArchiveReader::finish(const ChunkCursor& cursor, ReadBatch& batch) {
  const ChunkRef& chunk = cursor.chunk();
  batch.finished.push_back(
      {batch.epoch, chunk, selects_whole(cursor), cursor.index().header.previous});
  pass_over(chunk);
}

void ArchiveReader::pass_over(const ChunkRef& chunk) {
  passed_over_ = std::max(passed_over_, std::min(chunk.name.last, covered_by(chunk.filter).limit));
}

// A chunk names the last message before it. If that lies beyond what was listed so far and wasn't
// deleted, a chunk in between is gone.
Result<void> ArchiveReader::check_predecessor(const ChunkCursor& cursor) {
  const std::string& filter = cursor.chunk().filter;
  const std::uint64_t previous = cursor.index().header.previous;
  const auto missing =
      covered_by(filter).missing_after(catalog_, description_.name, previous, floor_of(filter));
  if (!missing) {
    return fail(missing.error());
  }
  if (!*missing) {
    return {};
  }
  return fail(ErrorCode::kCorrupt,
              fmt::format("a chunk is missing before '{}': messages after {} up to {} of subject "
                          "'{}' were archived and aren't in the bucket",
                          cursor.chunk().key, **missing, previous, filter));
}

Result<void> ArchiveReader::on_damage(const Error& error, const ChunkRef& chunk, ReadBatch& batch) {
  if (error.code != ErrorCode::kCorrupt || on_damage_ == OnDamage::kFail) {
    return fail(error);
  }
  ++batch.skipped_chunks;
  batch.damage.push_back(error.message);
  pass_over(chunk);  // so that who goes on after it doesn't meet it again
  return {};
}

// Reads from the cursor with the lowest sequence until another one's turn comes or its frame ends.
Result<void> ArchiveReader::read_run(ReadBatch& batch) {
  // What lies beyond is read when the archive is complete up to there.
  std::erase_if(cursors_, [&](const ChunkCursor& cursor) {
    return cursor.current().sequence > covered_by(cursor.chunk().filter).limit;
  });
  if (cursors_.empty()) {
    return {};
  }
  const auto sequence = [](const ChunkCursor& cursor) { return cursor.current().sequence; };
  const auto chosen =
      static_cast<std::size_t>(std::ranges::min_element(cursors_, {}, sequence) - cursors_.begin());
  if (auto dropped = drop_repeated(chosen, batch); !dropped) {
    return dropped;
  }
  // drop_repeated may have removed cursors after `chosen`, never before it.
  std::uint64_t limit = kNoSequence;
  for (std::size_t i = 0; i < cursors_.size(); ++i) {
    limit = i == chosen ? limit : std::min(limit, sequence(cursors_[i]));
  }
  if (auto next = lister_->peek(); next && *next != nullptr) {
    limit = std::min(limit, (*next)->name.first);
  }
  ChunkCursor& cursor = cursors_[chosen];
  if (const auto last = covered_by(cursor.chunk().filter).limit; last != UINT64_MAX) {
    limit = std::min(limit, last + 1);
  }
  const std::uint64_t shared = description_.shared(cursor.chunk().filter);
  batch.storage.push_back(cursor.frame());
  bool more = true;
  do {
    const archive::Message& message = cursor.current();
    if (message.sequence > last_sequence_) {
      last_sequence_ = message.sequence;
      batch.bytes += sizeof(archive::Message) + archive::content_size(message);
      if (message.sequence > shared && selects(message) && !was_read(message)) {
        batch.messages.push_back(message);
      }
    }
    more = cursor.advance();
  } while (more && cursor.current().sequence < limit && batch.bytes < kBatchBytes);
  return more ? Result<void>() : step(chosen, batch);
}

// Chunks that overlap hold the same messages; anything else is damage.
Result<void> ArchiveReader::drop_repeated(std::size_t chosen, ReadBatch& batch) {
  const archive::Message message = cursors_[chosen].current();
  for (std::size_t i = cursors_.size(); i-- > chosen + 1;) {
    const archive::Message& other = cursors_[i].current();
    if (other.sequence != message.sequence) {
      continue;
    }
    if (!(other == message)) {
      return fail(
          ErrorCode::kCorrupt,
          fmt::format("chunks '{}' and '{}' hold different messages under sequence {}",
                      cursors_[chosen].chunk().key, cursors_[i].chunk().key, message.sequence));
    }
    if (!cursors_[i].advance()) {
      if (auto stepped = step(i, batch); !stepped) {
        return stepped;
      }
    }
  }
  return {};
}

// Has a cursor whose frame is at its end go on, or removes it after its last.
Result<void> ArchiveReader::step(std::size_t index, ReadBatch& batch) {
  ChunkCursor& cursor = cursors_[index];
  auto loaded = cursor.load();
  batch.read_bytes += cursor.take_read_bytes();
  if (loaded && !cursor.done()) {
    return {};
  }
  Result<void> result;
  if (loaded) {
    finish(cursor, batch);
  } else {
    result = on_damage(loaded.error(), cursor.chunk(), batch);
  }
  cursors_.erase(cursors_.begin() + static_cast<std::ptrdiff_t>(index));
  return result;
}

}  // namespace nats3::catalog
