#include "jobs/common_prefix.h"

#include <functional>
#include <optional>

#include "archive/chunk_reader.h"
#include "catalog/chunk_cursor.h"
#include "catalog/chunk_lister.h"

namespace nats3::jobs {
namespace {

Result<std::optional<nats::OwnedMessage>> message_at(nats::Broker& broker,
                                                     const nats::StreamInfo& info,
                                                     std::uint64_t sequence) {
  if (sequence < info.first_sequence || sequence > info.last_sequence) {
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

Result<std::vector<catalog::ChunkRef>> chunks_of(const catalog::Catalog& catalog,
                                                 const archive::EpochDescription& epoch,
                                                 const std::string& filter) {
  auto lister = catalog::ChunkLister::open(catalog, epoch);
  if (!lister) {
    return fail(lister.error());
  }
  std::vector<catalog::ChunkRef> chunks;
  while (true) {
    auto chunk = lister->peek();
    if (!chunk) {
      return fail(chunk.error());
    }
    if (*chunk == nullptr) {
      return chunks;
    }
    if ((*chunk)->filter == filter) {
      chunks.push_back(**chunk);
    }
    lister->pop();
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

}  // namespace

Result<Comparison> compare_last(nats::Broker& broker, const catalog::Catalog& catalog,
                                const nats::StreamInfo& info, const catalog::ChunkRef& chunk) {
  const std::uint64_t last = chunk.name.last;
  auto stored = message_at(broker, info, last);
  if (!stored) {
    return fail(stored.error());
  }
  if (!*stored) {
    return Comparison::kImpossible;
  }
  auto cursor = catalog::ChunkCursor::open(
      catalog, chunk, [&](const archive::FrameInfo& frame) { return frame.last_sequence == last; });
  if (!cursor) {
    return fail(cursor.error());
  }
  if (auto loaded = cursor->load(); !loaded) {
    return fail(loaded.error());
  }
  const bool same = cursor->frame()->messages().back() == (*stored)->message();
  return same ? Comparison::kSame : Comparison::kDifferent;
}

Result<std::uint64_t> last_common(nats::Broker& broker, const catalog::Catalog& catalog,
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

}  // namespace nats3::jobs
