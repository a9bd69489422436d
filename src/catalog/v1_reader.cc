#include "catalog/v1_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/subject.h"

namespace nats3::catalog {
namespace {

constexpr std::uint64_t kBatchBytes = 1 << 20;

tl::unexpected<Error> corrupt(const V1ChunkRef& ref, std::string_view why) {
  return fail(ErrorCode::kCorrupt, fmt::format("'{}': {}", ref.key, why));
}

std::int64_t second_of(Timestamp time) {
  return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

ChunkRef to_chunk(const V1ChunkRef& ref, const archive::V1Chunk& chunk) {
  return {.key = ref.key,
          .object_bytes = ref.object_bytes,
          .filter = ref.subject,
          .name = {.first = 1,
                   .last = ref.name.count,
                   .time_min = chunk.time_min,
                   .time_max = chunk.time_max,
                   .count = ref.name.count}};
}

}  // namespace

V1Reader::V1Reader(const Catalog& catalog, Selection selection, OnDamage on_damage,
                   std::size_t kept_bytes)
    : catalog_(catalog),
      selection_(std::move(selection)),
      on_damage_(on_damage),
      kept_bytes_(kept_bytes) {}

Result<std::optional<ReadBatch>> V1Reader::next() {
  if (!lister_) {
    if (auto opened = open(); !opened) {
      return fail(opened.error());
    }
  }
  while (second_.empty()) {
    auto opened = open_second();
    if (!opened) {
      return fail(opened.error());
    }
    if (!*opened) {
      return std::nullopt;
    }
  }
  if (!second_.front().damage.empty()) {
    return leave_out_damaged();
  }
  if (!message_) {
    if (auto begun = begin_chunk(); !begun) {
      return fail(begun.error());
    }
  }
  return read_some();
}

Result<void> V1Reader::open() {
  auto found = find_v1_folders(catalog_, selection_);
  if (!found) {
    return fail(found.error());
  }
  std::uint64_t from = 0;
  if (is_v1_place(selection_.after.epoch)) {
    auto place = parse_v1_place(selection_.after.epoch);
    if (!place) {
      return fail(place.error());
    }
    from = place->second;
  }
  choice_ = found->choice;
  lister_.emplace(catalog_, found->folders, from);
  return {};
}

// Opens the chunks of the next second. Returns whether there is one that can hold something
// selected.
Result<bool> V1Reader::open_second() {
  auto refs = lister_->next_second();
  if (!refs) {
    return fail(refs.error());
  }
  if (refs->empty()) {
    return false;
  }
  const Timestamp begin{std::chrono::seconds{refs->front().name.seconds}};
  if ((selection_.to_time && begin > *selection_.to_time) ||
      (selection_.until && refs->front().name.seconds > selection_.until->v1_second)) {
    return false;
  }
  std::size_t kept = 0;
  for (const V1ChunkRef& ref : *refs) {
    if (auto looked = look_at(ref, kept); !looked) {
      return fail(looked.error());
    }
  }
  std::ranges::sort(second_, {}, &Upcoming::place);
  return true;
}

// Finds out a chunk's place. One that comes before the position to go on from isn't upcoming.
Result<void> V1Reader::look_at(const V1ChunkRef& ref, std::size_t& kept) {
  Upcoming upcoming{.ref = ref};
  auto chunk = fetch(ref);
  if (chunk) {
    upcoming.place = v1_place(choice_, chunk->time_min, chunk->time_max, ref.key);
    if (kept == 0 || kept + ref.object_bytes <= kept_bytes_) {
      kept += ref.object_bytes;
      upcoming.chunk = std::make_shared<const archive::V1Chunk>(std::move(*chunk));
    }
  } else if (chunk.error().code == ErrorCode::kCorrupt) {
    upcoming.place = v1_place_of_damaged(choice_, ref.name.seconds, ref.key);
    upcoming.damage = chunk.error().message;
    const bool passed = upcoming.place <= selection_.after.epoch;
    if (!passed && on_damage_ == OnDamage::kFail) {
      return fail(chunk.error());
    }
    if (passed) {
      return {};
    }
  } else {
    return fail(chunk.error());
  }
  if (upcoming.place >= selection_.after.epoch) {
    second_.push_back(std::move(upcoming));
  }
  return {};
}

Result<archive::V1Chunk> V1Reader::fetch(const V1ChunkRef& ref) {
  if (ref.object_bytes == 0 || ref.object_bytes > archive::kMaxV1ChunkBytes) {
    return corrupt(ref, ref.object_bytes == 0 ? "it is empty" : "it is over 512 MiB");
  }
  auto bytes = catalog_.store().get(ref.key, object::ByteRange{0, ref.object_bytes});
  if (!bytes && bytes.error().action() == Action::kNotFound) {
    return corrupt(ref, "it was listed and has vanished since");
  }
  if (!bytes) {
    return fail(bytes.error());
  }
  read_bytes_ += bytes->size();
  auto chunk = archive::decode_v1_chunk(ref.name.codec, std::move(*bytes));
  if (!chunk) {
    return corrupt(ref, chunk.error().message);
  }
  if (chunk->messages.size() != ref.name.count) {
    return corrupt(ref, fmt::format("it has {} messages", chunk->messages.size()));
  }
  if (second_of(chunk->time_min) != static_cast<std::int64_t>(ref.name.seconds)) {
    return corrupt(ref, "its earliest timestamp is of another second");
  }
  return chunk;
}

Result<void> V1Reader::begin_chunk() {
  Upcoming& first = second_.front();
  if (!first.chunk) {
    auto chunk = fetch(first.ref);
    if (chunk &&
        v1_place(choice_, chunk->time_min, chunk->time_max, first.ref.key) != first.place) {
      chunk = corrupt(first.ref, "it changed while it was read");
    }
    if (!chunk) {
      return fail(chunk.error());
    }
    first.chunk = std::make_shared<const archive::V1Chunk>(std::move(*chunk));
  }
  message_ = 0;
  whole_ = true;
  return {};
}

bool V1Reader::selects(const archive::Message& message) const {
  return (!selection_.from_time || message.time >= *selection_.from_time) &&
         (!selection_.to_time || message.time <= *selection_.to_time) &&
         subject_matches(selection_.subject, message.subject);
}

bool V1Reader::was_read(const archive::Message& message) const {
  return second_.front().place == selection_.after.epoch &&
         message.sequence <= selection_.after.sequence;
}

// The next messages of the chunk that was begun.
ReadBatch V1Reader::read_some() {
  const Upcoming& first = second_.front();
  const auto& messages = first.chunk->messages;
  ReadBatch batch{
      .epoch = first.place, .read_bytes = std::exchange(read_bytes_, 0), .v1_key = first.ref.key};
  for (; *message_ < messages.size() && batch.bytes < kBatchBytes; ++*message_) {
    const archive::Message& message = messages[*message_];
    batch.bytes += sizeof(archive::Message) + archive::content_size(message);
    if (!selects(message)) {
      whole_ = false;
    } else if (!was_read(message)) {
      batch.messages.push_back(message);
    }
  }
  batch.position = {.epoch = first.place, .sequence = *message_};
  batch.storage.push_back(first.chunk);
  if (*message_ == messages.size()) {
    batch.finished.push_back(
        {first.place, to_chunk(first.ref, *first.chunk), whole_, std::nullopt});
    second_.pop_front();
    message_.reset();
  }
  return batch;
}

ReadBatch V1Reader::leave_out_damaged() {
  ReadBatch batch{.epoch = second_.front().place,
                  .position = {.epoch = second_.front().place},
                  .read_bytes = std::exchange(read_bytes_, 0),
                  .skipped_chunks = 1,
                  .damage = {second_.front().damage}};
  second_.pop_front();
  return batch;
}

}  // namespace nats3::catalog
