#include "jobs/common_prefix.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "catalog/archived_sequences.h"
#include "catalog/chunk_cursor.h"
#include "catalog/chunk_lister.h"

namespace nats3::jobs {
namespace {

Result<std::optional<nats::OwnedMessage>> message_at(nats::Broker& broker,
                                                     const nats::StreamInfo& info,
                                                     std::uint64_t sequence) {
  // A stream that never held a message begins at 0, where nothing may be asked for.
  if (sequence == 0 || sequence < info.first_sequence || sequence > info.last_sequence) {
    return std::nullopt;
  }
  auto stored = broker.get_message(info.name, sequence);
  if (!stored && stored.error().action() == Action::kNotFound) {
    return std::nullopt;
  }
  if (!stored) {
    return fail(stored.error());
  }
  return std::move(*stored);
}

// Each takes a request.
constexpr int kMostCompared = 1'000;

// The last sequence from `complete` to `common` up to where nothing may still come that `epoch`
// hasn't got: nothing of what is left in the stream.
Result<std::uint64_t> last_without_gap(nats::Broker& broker, const catalog::Catalog& catalog,
                                       const nats::StreamInfo& info,
                                       const archive::EpochDescription& epoch,
                                       const std::string& filter, std::uint64_t complete,
                                       std::uint64_t common) {
  const auto archived = catalog::archived_sequences(catalog, epoch.name, filter, complete, common);
  if (!archived) {
    return fail(archived.error());
  }
  std::uint64_t reached = complete;
  for (int run = 0; run < kMostCompared; ++run) {
    const auto next = broker.next_message(info.name, filter, reached + 1);
    if (!next && next.error().action() != Action::kNotFound) {
      return fail(next.error());
    }
    if (!next || next->message().sequence > common) {
      return common;
    }
    auto known = std::ranges::lower_bound(*archived, next->message().sequence);
    if (known == archived->end() || *known != next->message().sequence) {
      return next->message().sequence - 1;
    }
    do {
      reached = *known++;
    } while (known != archived->end() && *known == reached + 1);
  }
  return reached;
}

// The last message with a sequence from the stream's first to `up_to` that `wanted` takes, of those
// that `filter` selects, where it takes all before any that it doesn't. A few dozen requests.
Result<std::optional<nats::OwnedMessage>> last_message(
    nats::Broker& broker, const nats::StreamInfo& info, const std::string& filter,
    std::uint64_t up_to, const std::function<bool(const archive::Message&)>& wanted) {
  std::optional<nats::OwnedMessage> last;
  std::uint64_t from = std::max<std::uint64_t>(info.first_sequence, 1);
  std::uint64_t to = up_to;
  while (from <= to) {
    const std::uint64_t middle = from + (to - from) / 2;
    auto next = broker.next_message(info.name, filter, middle);
    if (!next && next.error().action() != Action::kNotFound) {
      return fail(next.error());
    }
    if (next && next->message().sequence <= up_to && wanted(next->message())) {
      from = next->message().sequence + 1;
      last = std::move(*next);
    } else {
      to = middle - 1;
    }
  }
  return last;
}

// Whether `chunk` can hold it under its sequence, by its name alone.
bool may_hold(const catalog::ChunkRef& chunk, const archive::Message& stored) {
  return chunk.name.time_min <= stored.time && stored.time <= chunk.name.time_max;
}

struct Looked {
  Comparison result = Comparison::kImpossible;
  std::uint64_t next = UINT64_MAX;  // none is archived between the message and this
};

// What `chunk` has under the sequence of `stored`, compared with it. Decodes one frame at most.
Result<Looked> compare_in(const catalog::Catalog& catalog, const catalog::ChunkRef& chunk,
                          const archive::Message& stored) {
  std::uint64_t first_of_frame = 0;
  auto cursor = catalog::ChunkCursor::open(catalog, chunk, [&](const archive::FrameInfo& frame) {
    return frame.first_sequence == first_of_frame;
  });
  if (!cursor) {
    return fail(cursor.error());
  }
  const auto& frames = cursor->index().frames;
  const auto frame =
      std::ranges::lower_bound(frames, stored.sequence, {}, &archive::FrameInfo::last_sequence);
  if (frame == frames.end()) {
    return Looked{};
  }
  if (frame->first_sequence > stored.sequence) {
    return Looked{.next = frame->first_sequence};
  }
  first_of_frame = frame->first_sequence;
  if (auto loaded = cursor->load(); !loaded) {
    return fail(loaded.error());
  }
  for (bool more = !cursor->done(); more; more = cursor->advance()) {
    const archive::Message& archived = cursor->current();
    if (archived.sequence == stored.sequence) {
      return Looked{archived == stored ? Comparison::kSame : Comparison::kDifferent};
    }
    if (archived.sequence > stored.sequence) {
      return Looked{.next = archived.sequence};
    }
  }
  return Looked{.next = frame->last_sequence + 1};
}

Result<std::vector<catalog::ChunkRef>> chunks_of(const catalog::Catalog& catalog,
                                                 const archive::EpochDescription& epoch,
                                                 const std::string& filter) {
  auto lister = catalog::ChunkLister::of_filters(catalog, epoch.name, {filter});
  std::vector<catalog::ChunkRef> chunks;
  while (true) {
    auto chunk = lister.peek();
    if (!chunk) {
      return fail(chunk.error());
    }
    if (*chunk == nullptr) {
      return chunks;
    }
    chunks.push_back(**chunk);
    lister.pop();
  }
}

// Of `stored`, as compare_latest does. `chunks`: ascending.
Result<Looked> compare_stored(const catalog::Catalog& catalog, const archive::Message& stored,
                              const std::vector<catalog::ChunkRef>& chunks,
                              const archive::Watermark& watermark) {
  std::optional<Timestamp> archived_after;
  if (stored.sequence <= watermark.last_sequence) {
    archived_after = watermark.last_time;
  }
  for (const catalog::ChunkRef& chunk : chunks) {
    if (stored.sequence <= chunk.name.last) {
      archived_after = std::max(archived_after, std::optional(chunk.name.time_max));
    }
  }
  if (archived_after && stored.time > *archived_after) {
    return Looked{Comparison::kDifferent};
  }
  Looked all;
  for (const catalog::ChunkRef& chunk : chunks) {
    if (chunk.name.first > stored.sequence) {
      all.next = std::min(all.next, chunk.name.first);
      break;
    }
    if (stored.sequence <= chunk.name.last) {
      const auto looked = compare_in(catalog, chunk, stored);
      if (!looked || looked->result != Comparison::kImpossible) {
        return looked;
      }
      all.next = std::min(all.next, looked->next);
    }
  }
  return all;
}

struct Compared {
  std::uint64_t sequence = 0;
  Comparison result = Comparison::kImpossible;
};

// The first message of the stream from `from` to `to` that can be compared with what `chunks` have
// under its sequence. They may not have it: it is in one that was deleted, or still to come.
Result<std::optional<Compared>> first_compared(nats::Broker& broker,
                                               const catalog::Catalog& catalog,
                                               const nats::StreamInfo& info,
                                               const std::string& filter,
                                               const std::vector<catalog::ChunkRef>& chunks,
                                               std::uint64_t from, std::uint64_t to) {
  for (int asked = 0; asked < kMostCompared && from <= to; ++asked) {
    const auto next = broker.next_message(info.name, filter, from);
    if (!next && next.error().action() != Action::kNotFound) {
      return fail(next.error());
    }
    const std::uint64_t sequence = next ? next->message().sequence : UINT64_MAX;
    if (sequence > to) {
      break;
    }
    const auto looked = compare_stored(catalog, next->message(), chunks, {});
    if (!looked) {
      return fail(looked.error());
    }
    if (looked->result != Comparison::kImpossible) {
      return Compared{sequence, looked->result};
    }
    from = looked->next;
  }
  return std::nullopt;
}

// Of what is archived and not deleted. The stream is the same up to some point and different from
// there on, and what was removed from it can't be compared: so it is what is left in the stream
// that is looked up in the chunks. A few dozen requests, and some for each hole.
Result<std::uint64_t> last_common_in_chunks(nats::Broker& broker, const catalog::Catalog& catalog,
                                            const nats::StreamInfo& info,
                                            const archive::EpochDescription& epoch,
                                            const std::string& filter) {
  const auto chunks = chunks_of(catalog, epoch, filter);
  if (!chunks) {
    return fail(chunks.error());
  }
  if (chunks->empty()) {
    return 0;
  }
  const auto furthest = std::ranges::max_element(
      *chunks, {}, [](const catalog::ChunkRef& chunk) { return chunk.name.last; });
  std::uint64_t from = std::max(info.first_sequence, chunks->front().name.first);
  std::uint64_t to = std::min(info.last_sequence, furthest->name.last);
  std::uint64_t common = 0;
  while (from <= to) {
    const std::uint64_t middle = from + (to - from) / 2;
    const auto compared = first_compared(broker, catalog, info, filter, *chunks, middle, to);
    if (!compared) {
      return fail(compared.error());
    }
    if (*compared && (*compared)->result == Comparison::kSame) {
      common = (*compared)->sequence;
      from = common + 1;
    } else {
      to = middle - 1;
    }
  }
  return common;
}

}  // namespace

Result<Comparison> compare_last(nats::Broker& broker, const catalog::Catalog& catalog,
                                const nats::StreamInfo& info, const catalog::ChunkRef& chunk) {
  auto stored = message_at(broker, info, chunk.name.last);
  if (!stored) {
    return fail(stored.error());
  }
  if (!*stored) {
    return Comparison::kImpossible;
  }
  const archive::Message& message = (*stored)->message();
  if (!may_hold(chunk, message)) {
    return Comparison::kDifferent;
  }
  return compare_in(catalog, chunk, message).map([](const Looked& looked) {
    return looked.result;
  });
}

Result<Comparison> compare_latest(nats::Broker& broker, const catalog::Catalog& catalog,
                                  const nats::StreamInfo& info, const std::string& filter,
                                  const std::vector<catalog::ChunkRef>& chunks,
                                  const archive::Watermark& watermark, std::uint64_t archived) {
  auto latest = message_at(broker, info, archived);
  if (latest && !*latest) {
    latest = last_message(broker, info, filter, archived, [](const auto&) { return true; });
  }
  if (!latest) {
    return fail(latest.error());
  }
  if (!*latest) {
    return Comparison::kImpossible;
  }
  return compare_stored(catalog, (*latest)->message(), chunks, watermark)
      .map([](const Looked& looked) { return looked.result; });
}

Result<Comparison> compare_shared(nats::Broker& broker, const catalog::Catalog& catalog,
                                  const nats::StreamInfo& info, const std::string& filter,
                                  std::span<const archive::EpochDescription> earlier,
                                  std::uint64_t shared) {
  const auto latest = last_message(broker, info, filter, shared, [](const auto&) { return true; });
  if (!latest) {
    return fail(latest.error());
  }
  Comparison found = Comparison::kImpossible;
  for (const archive::EpochDescription& epoch : earlier) {
    const auto chunks = chunks_of(catalog, epoch, filter);
    const auto watermark = catalog.watermark(epoch.name, filter);
    if (!chunks || !watermark) {
      return fail(chunks ? watermark.error() : chunks.error());
    }
    const auto reaches = [&](const catalog::ChunkRef& chunk) {
      return *latest && chunk.name.last >= (*latest)->message().sequence;
    };
    if (!*latest || (watermark->last_sequence < (*latest)->message().sequence &&
                     std::ranges::none_of(*chunks, reaches))) {
      continue;
    }
    auto compared = compare_latest(broker, catalog, info, filter, *chunks, *watermark, shared);
    if (!compared && compared.error().code != ErrorCode::kCorrupt) {
      return compared;
    }
    if (!compared || *compared != Comparison::kDifferent) {
      return compared.value_or(Comparison::kImpossible);
    }
    found = *compared;
  }
  return found;
}

Result<std::uint64_t> last_common(nats::Broker& broker, const catalog::Catalog& catalog,
                                  const nats::StreamInfo& info,
                                  const archive::EpochDescription& epoch,
                                  const std::string& filter) {
  const auto complete = catalog.complete_up_to(epoch.name, filter);
  if (!complete) {
    return fail(complete.error());
  }
  // What an epoch before this one has is no gap in it.
  const std::uint64_t most = *complete ? std::max(**complete, epoch.shared(filter)) : UINT64_MAX;
  auto common = last_common_in_chunks(broker, catalog, info, epoch, filter);
  if (common && *common > most) {
    common = last_without_gap(broker, catalog, info, epoch, filter, most, *common);
  }
  if (!common || epoch.created != info.created) {
    return common;
  }
  const auto watermark = catalog.watermark(epoch.name, filter);
  if (!watermark) {
    return fail(watermark.error());
  }
  const std::uint64_t deleted = std::min(watermark->last_sequence, most);
  if (deleted <= *common) {
    return common;
  }
  // What the stream stored after that was archived is of its new life.
  return last_message(broker, info, filter, deleted,
                      [&](const archive::Message& m) { return m.time <= watermark->last_time; })
      .map(
          [&](const auto& last) { return std::max(*common, last ? last->message().sequence : 0); });
}

}  // namespace nats3::jobs
