#include "jobs/common_prefix.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "archive/chunk_reader.h"
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
constexpr int kMostRunsCompared = 1'000;

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
  for (int run = 0; run < kMostRunsCompared; ++run) {
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

// What `chunk` has under the sequence of `stored`, compared with it.
Result<Comparison> compare_in(const catalog::Catalog& catalog, const catalog::ChunkRef& chunk,
                              const archive::Message& stored) {
  auto cursor = catalog::ChunkCursor::open(catalog, chunk, [&](const archive::FrameInfo& frame) {
    return frame.first_sequence <= stored.sequence && stored.sequence <= frame.last_sequence;
  });
  if (!cursor) {
    return fail(cursor.error());
  }
  if (auto loaded = cursor->load(); !loaded) {
    return fail(loaded.error());
  }
  // Sequences ascend, so one frame at most is wanted.
  for (bool more = !cursor->done(); more; more = cursor->advance()) {
    if (cursor->current().sequence == stored.sequence) {
      return cursor->current() == stored ? Comparison::kSame : Comparison::kDifferent;
    }
  }
  return Comparison::kImpossible;
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

struct Split {
  std::size_t same = 0;  // so many at the beginning are the same
  bool proved = false;   // one of them was compared
};

// Of `count` things in order, which are the same up to some point and different from there on,
// finds the point. What can't be compared lies before the stream's first message, or was removed
// from it.
Result<Split> find_split(std::size_t count,
                         const std::function<Result<Comparison>(std::size_t)>& compare,
                         const std::function<bool(std::size_t)>& is_before_stream) {
  Split split;
  std::size_t different = count;  // this one, and all after it
  while (split.same < different) {
    std::size_t middle = split.same + (different - split.same) / 2;
    Comparison found = Comparison::kImpossible;
    // One that was removed tells nothing: those before it do.
    for (std::size_t at = middle + 1; at-- > split.same && found == Comparison::kImpossible;) {
      if (is_before_stream(at)) {
        break;
      }
      auto compared = compare(at);
      if (!compared) {
        return fail(compared.error());
      }
      found = *compared;
      middle = at;
    }
    if (found == Comparison::kSame ||
        (found == Comparison::kImpossible && is_before_stream(middle))) {
      split.proved = split.proved || found == Comparison::kSame;
      split.same = middle + 1;
    } else {
      different = middle;
    }
  }
  return split;
}

// Of what is archived and not deleted.
Result<std::uint64_t> last_common_in_chunks(nats::Broker& broker, const catalog::Catalog& catalog,
                                            const nats::StreamInfo& info,
                                            const archive::EpochDescription& epoch,
                                            const std::string& filter) {
  const auto chunks = chunks_of(catalog, epoch, filter);
  if (!chunks) {
    return fail(chunks.error());
  }
  const auto whole = find_split(
      chunks->size(),
      [&](std::size_t i) { return compare_last(broker, catalog, info, (*chunks)[i]); },
      [&](std::size_t i) { return (*chunks)[i].name.last < info.first_sequence; });
  if (!whole) {
    return fail(whole.error());
  }
  std::uint64_t common = whole->proved ? (*chunks)[whole->same - 1].name.last : 0;
  if (whole->same == chunks->size()) {
    return common;
  }
  // The chunk in which they part.
  const catalog::ChunkRef& chunk = (*chunks)[whole->same];
  const auto first = message_at(broker, info, chunk.name.first);
  if (!first) {
    return fail(first.error());
  }
  if (*first && !may_hold(chunk, (*first)->message())) {
    return common;  // before it: most often they have nothing in common
  }
  const auto bytes = catalog.store().get(chunk.key);
  const auto decoded =
      bytes.and_then([](const std::string& b) { return archive::decode_chunk(b); });
  if (!decoded) {
    return fail(decoded.error().with_context(chunk.key));
  }
  std::vector<const archive::Message*> messages;
  for (const auto& frame : decoded->frames) {
    for (const archive::Message& message : frame.messages()) {
      messages.push_back(&message);
    }
  }
  const auto compare = [&](std::size_t i) -> Result<Comparison> {
    return message_at(broker, info, messages[i]->sequence).map([&](const auto& stored) {
      return !stored                             ? Comparison::kImpossible
             : stored->message() == *messages[i] ? Comparison::kSame
                                                 : Comparison::kDifferent;
    });
  };
  const auto part = find_split(messages.size(), compare, [&](std::size_t i) {
    return messages[i]->sequence < info.first_sequence;
  });
  if (!part) {
    return fail(part.error());
  }
  return part->proved ? messages[part->same - 1]->sequence : common;
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
  return may_hold(chunk, message) ? compare_in(catalog, chunk, message) : Comparison::kDifferent;
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
  const archive::Message& stored = (*latest)->message();
  std::optional<Timestamp> archived_after;
  if (stored.sequence <= watermark.last_sequence) {
    archived_after = watermark.last_time;
  }
  for (auto chunk = chunks.rbegin(); chunk != chunks.rend(); ++chunk) {
    if (stored.sequence > chunk->name.last) {
      continue;
    }
    archived_after = std::max(archived_after, std::optional(chunk->name.time_max));
    if (stored.sequence < chunk->name.first) {
      continue;
    }
    const auto compared = compare_in(catalog, *chunk, stored);
    if (!compared || *compared != Comparison::kImpossible) {
      return compared;
    }
  }
  return archived_after && stored.time > *archived_after ? Comparison::kDifferent
                                                         : Comparison::kImpossible;
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
  const std::uint64_t most = complete->value_or(UINT64_MAX);
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
