#include "catalog/verifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive/v1_chunk.h"
#include "catalog/chunk_overlap.h"
#include "catalog/lone_objects.h"
#include "catalog/object_check.h"

namespace nats3::catalog {
namespace {

// Chunks that overlap come close to each other: redelivered messages.
constexpr std::size_t kMaxReaching = 16;
// Chunks that one call passes unread. Their keys take no time, but a job that is stopped waits.
constexpr std::size_t kMaxOutside = 1'000;

std::string range_text(std::uint64_t first, std::uint64_t last) {
  return first == last ? fmt::format("message {}", first)
                       : fmt::format("messages {} to {}", first, last);
}

std::string_view last_part(std::string_view key) { return key.substr(key.rfind('/') + 1); }

}  // namespace

Verifier::Verifier(const Catalog& catalog, VerifyPosition from, VerifyWindow window)
    : catalog_(catalog), walk_(catalog, from.key), position_(std::move(from)), window_(window) {}

Result<std::optional<VerifyStep>> Verifier::next() {
  std::size_t outside = 0;
  while (true) {
    const auto object = walk_.peek();
    if (!object) {
      return fail(object.error());
    }
    if (!*object) {
      return std::nullopt;
    }
    const VerifyPosition before = position_;
    VerifyStep step;
    const auto looked = look_at(**object, step);
    if (!looked || *looked == Look::kOthersCameFirst) {
      position_ = before;  // what was half done is done again
      folder_.reset();
      epoch_.reset();
    }
    if (!looked) {
      return fail(looked.error());
    }
    if (*looked == Look::kOthersCameFirst) {
      continue;
    }
    position_.key = (*object)->key;
    walk_.pop();
    if (*looked == Look::kOutside && step.seen.empty() && ++outside < kMaxOutside) {
      continue;
    }
    step.position = position_;
    return step;
  }
}

Result<Verifier::Look> Verifier::look_at(const object::ObjectInfo& object, VerifyStep& step) {
  if (const auto location = archive::parse_chunk_key(catalog_.location(), object.key)) {
    return look_at_chunk(object, *location, step);
  }
  const std::string_view rest = std::string_view(object.key).substr(walk_.folder().size());
  const std::string_view name = last_part(rest);
  if (rest != name && archive::parse_v1_chunk_name(name)) {
    return look_at_v1_chunk(catalog_, window_, object, step).map([](bool meets) {
      return meets ? Look::kDone : Look::kOutside;
    });
  }
  const auto epoch = archive::parse_epoch_name(rest.substr(0, rest.find('/')));
  const auto depth = std::ranges::count(rest, '/');
  if (epoch && ((depth == 1 && name == "stream.json") ||
                (depth == 2 && (name == "watermark.json" || name == "complete.json")))) {
    return look_at_document(catalog_, object, step).map([] { return Look::kDone; });
  }
  // An index is a hint: whoever reads it checks it, and does without it when it's damaged.
  if (!epoch || depth != 2 || name != "index.bin") {
    step.report(object.key, FindingKind::kForeign, "it is no object of the archive; left alone");
  }
  return Look::kDone;
}

Result<void> Verifier::enter_epoch(const std::string& epoch, VerifyStep& step) {
  if (epoch_ && epoch_->name == epoch) {
    return {};
  }
  epoch_ = archive::EpochDescription{.name = epoch};
  const std::string key = archive::description_key(catalog_.location(), epoch);
  const auto text = catalog_.store().get(key);
  if (!text && text.error().action() != Action::kNotFound) {
    epoch_.reset();
    return fail(text.error());
  }
  // A damaged one is told where it stands in the listing.
  if (auto description = text.and_then(
          [](const std::string& document) { return archive::parse_epoch_description(document); })) {
    epoch_ = std::move(*description);
    epoch_->name = epoch;
  }
  const bool begins = !position_.key.starts_with(archive::epoch_folder(catalog_.location(), epoch));
  if (!text && begins) {
    step.report(key, FindingKind::kMissing, "the description of the epoch isn't there",
                "put it back, or a file made after docs/format.md");
  }
  return {};
}

Result<void> Verifier::enter(const archive::ChunkLocation& location, VerifyStep& step) {
  if (folder_ && folder_->epoch == location.epoch &&
      folder_->component == location.filter_component) {
    return {};
  }
  if (auto entered = enter_epoch(location.epoch, step); !entered) {
    return entered;
  }
  auto folder = FilterFolder::open(catalog_, *epoch_, location);
  if (!folder) {
    return fail(folder.error());
  }
  reaching_.clear();
  const std::string path =
      archive::epoch_folder(catalog_.location(), folder->epoch) + folder->component + "/";
  if (position_.key.starts_with(path)) {
    for (const std::string& key : position_.reaching) {
      if (auto at = archive::parse_chunk_key(catalog_.location(), key)) {
        reaching_.push_back({.key = key, .filter = folder->filter, .name = at->name});
      }
    }
  } else {
    position_.reached = folder->shared;
    position_.reaching.clear();
  }
  folder_ = std::move(*folder);
  return {};
}

Result<Verifier::Look> Verifier::look_at_chunk(const object::ObjectInfo& object,
                                               const archive::ChunkLocation& location,
                                               VerifyStep& step) {
  if (auto entered = enter(location, step); !entered) {
    return fail(entered.error());
  }
  const ChunkRef chunk{object.key, object.size, folder_->filter, location.name};
  if (!window_.meets(chunk.name.time_min, chunk.name.time_max)) {
    position_.reached = std::max(position_.reached, chunk.name.last);
    return Look::kOutside;
  }
  step.chunks = 1;
  const auto bytes = object.size > kMaxObjectBytes
                         ? fail(ErrorCode::kCorrupt, "it is larger than any chunk")
                         : catalog_.store().get(object.key);
  if (!bytes && bytes.error().action() == Action::kNotFound) {
    return look_at_removed(chunk, step).map([] { return Look::kDone; });
  }
  if (!bytes && bytes.error().code != ErrorCode::kCorrupt) {
    return fail(bytes.error());
  }
  step.read_bytes += bytes ? bytes->size() : 0;
  const ChunkVerdict verdict =
      bytes ? check_chunk(catalog_.location().stream, location, *bytes)
            : ChunkVerdict{.flaw = ChunkFlaw{FindingKind::kDamaged, bytes.error().message},
                           .index = std::nullopt,
                           .header = std::nullopt};
  if (verdict.flaw) {
    report_flaw(chunk, verdict, step);
    pass(chunk);
    return Look::kDone;
  }
  step.messages = chunk.name.count;
  auto looked = check_predecessor(chunk, *verdict.index, step);
  if (!looked || *looked != Look::kDone) {
    return looked;
  }
  if (auto checked = check_overlaps(chunk, step); !checked) {
    return fail(checked.error());
  }
  pass(chunk);
  return Look::kDone;
}

// A chunk that was listed, and isn't there when its turn comes.
Result<void> Verifier::look_at_removed(const ChunkRef& chunk, VerifyStep& step) {
  if (auto read = folder_->read_deleted(catalog_); !read) {
    return read;
  }
  if (!folder_->deleted.contain({chunk.name.first, chunk.name.last})) {
    step.report(chunk.key, FindingKind::kMissing,
                range_text(chunk.name.first, chunk.name.last) + ": it was listed and is gone", "",
                lost_by_name(chunk));
  }
  pass(chunk);
  return {};
}

void Verifier::report_flaw(const ChunkRef& chunk, const ChunkVerdict& verdict,
                           VerifyStep& step) const {
  Lost lost = lost_by_name(chunk);
  if (verdict.header) {
    lost.previous = verdict.header->previous;
    lost.previous_is_known = true;
  }
  const bool newer = verdict.flaw->kind == FindingKind::kForeign;
  step.report(
      chunk.key, verdict.flaw->kind,
      fmt::format("{}: {}", range_text(chunk.name.first, chunk.name.last), verdict.flaw->what), "",
      newer ? std::nullopt : std::optional(std::move(lost)));
}

Lost Verifier::lost_by_name(const ChunkRef& chunk) const {
  return {.epoch = folder_->epoch,
          .filter = folder_->filter,
          .previous = std::min(covered(), chunk.name.first - 1),
          .last = chunk.name.last,
          .encoding = chunk.name.encoding,
          .name = chunk.name,
          .successor = std::nullopt};
}

// Up to where nothing is missing before the object that is looked at, as far as chunks tell.
std::uint64_t Verifier::covered() const { return folder_->deleted.reach_from(position_.reached); }

// A chunk names the last message archived before it. If that lies beyond what was met so far, a
// chunk in between is gone, unless it was deleted after a replay.
Result<Verifier::Look> Verifier::check_predecessor(const ChunkRef& chunk,
                                                   const archive::ChunkIndex& index,
                                                   VerifyStep& step) {
  const std::uint64_t previous = index.header.previous;
  if (previous > covered()) {
    // The page may have been listed before the chunk was put, or deleted after a replay.
    const auto still_next = walk_.still_next(chunk.key);
    if (!still_next) {
      return fail(still_next.error());
    }
    if (auto read = folder_->read_deleted(catalog_); !read) {
      return fail(read.error());
    }
    if (!*still_next) {
      return Look::kOthersCameFirst;
    }
  }
  if (previous > covered()) {
    Lost lost{.epoch = folder_->epoch,
              .filter = folder_->filter,
              .previous = covered(),
              .previous_is_known = true,
              .last = folder_->deleted.last_outside(previous),
              .encoding = index.header.encoding,
              .name = std::nullopt,
              .successor = chunk};
    std::string detail = fmt::format(
        "a chunk is missing before it: of the messages after {} up to {} those of subject '{}' "
        "were archived and aren't in the bucket",
        lost.previous, lost.last, folder_->filter);
    step.report(chunk.key, FindingKind::kMissing, std::move(detail), "the object was removed",
                std::move(lost));
  }
  report_gap(chunk, previous, step);
  return Look::kDone;
}

// Sequences between what was archived before a chunk, up to `previous` as it says, and the chunk.
void Verifier::report_gap(const ChunkRef& chunk, std::uint64_t previous, VerifyStep& step) const {
  const std::uint64_t replayed = std::min(covered(), chunk.name.first - 1);
  if (replayed > position_.reached) {
    step.report(
        chunk.key, FindingKind::kGap,
        range_text(position_.reached + 1, replayed) + ": no chunk before this one holds them",
        "archived, and their chunks deleted after a replay or pruned: watermark.json says so");
  }
  const std::uint64_t after = std::max(covered(), previous);
  if (chunk.name.first <= after + 1) {
    return;
  }
  step.gaps = chunk.name.first - after - 1;
  if (folder_->filter != ">") {
    return;  // others' subjects are not this filter's to archive: nothing can be said of them
  }
  const std::string cause =
      folder_->complete && chunk.name.first - 1 > *folder_->complete
          ? "perhaps not acknowledged yet: they may still be archived"
      : after == 0 ? "from before the first message that the job found in the stream"
                   : "not in the stream when their turn came: deleted or expired before";
  step.report(chunk.key, FindingKind::kGap,
              range_text(after + 1, chunk.name.first - 1) + ": not archived, not known to be lost",
              cause);
}

Result<void> Verifier::check_overlaps(const ChunkRef& chunk, VerifyStep& step) {
  for (const ChunkRef& earlier : reaching_) {
    if (earlier.name.last < chunk.name.first) {
      continue;
    }
    if (auto compared = compare(earlier, chunk, step); !compared) {
      return compared;
    }
  }
  return {};
}

// What is wrong with one of them alone was told already.
Result<void> Verifier::compare(const ChunkRef& earlier, const ChunkRef& chunk,
                               VerifyStep& step) const {
  const auto overlap = compare_overlap(catalog_, earlier, chunk);
  if (!overlap) {
    return fail(overlap.error());
  }
  step.read_bytes += overlap->read_bytes;
  if (overlap->different) {
    step.report(chunk.key, FindingKind::kDifferent,
                fmt::format("message {} is another in '{}'", *overlap->different, earlier.key),
                "one of them isn't of this life of the stream");
  } else if (overlap->same > 0) {
    step.report(
        chunk.key, FindingKind::kOverlap,
        fmt::format("{} of its messages are in '{}' too, the same", overlap->same, earlier.key),
        "delivered twice; a replay gives each once");
  }
  return {};
}

void Verifier::pass(const ChunkRef& chunk) {
  position_.reached = std::max(position_.reached, chunk.name.last);
  // Later chunks begin at this one's first message or above.
  std::erase_if(reaching_,
                [&](const ChunkRef& earlier) { return earlier.name.last < chunk.name.first; });
  reaching_.push_back(chunk);
  if (reaching_.size() > kMaxReaching) {
    reaching_.pop_front();
  }
  position_.reaching.clear();
  for (const ChunkRef& reaching : reaching_) {
    position_.reaching.push_back(reaching.key);
  }
}

}  // namespace nats3::catalog
