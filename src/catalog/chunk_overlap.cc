#include "catalog/chunk_overlap.h"

#include <algorithm>

#include "catalog/chunk_cursor.h"

namespace nats3::catalog {
namespace {

// Steps through both at once, up to the first difference or the end of one of them.
Result<ChunkOverlap> compare(ChunkCursor& a, ChunkCursor& b) {
  ChunkOverlap overlap;
  while (true) {
    auto loaded = a.load().and_then([&] { return b.load(); });
    if (!loaded) {
      return fail(loaded.error());
    }
    if (a.done() || b.done()) {
      overlap.read_bytes = a.take_read_bytes() + b.take_read_bytes();
      return overlap;
    }
    const std::uint64_t sequence = std::min(a.current().sequence, b.current().sequence);
    const bool both = a.current().sequence == b.current().sequence;
    if (both && !(a.current() == b.current())) {
      overlap.different = sequence;
      return overlap;
    }
    overlap.same += both ? 1 : 0;
    const bool a_is_due = a.current().sequence == sequence;
    if (b.current().sequence == sequence) {
      b.advance();
    }
    if (a_is_due) {
      a.advance();
    }
  }
}

// A damaged chunk is no error here.
Result<ChunkOverlap> nothing_compared(const Error& error, std::uint64_t read_bytes = 0) {
  return error.code == ErrorCode::kCorrupt
             ? Result<ChunkOverlap>(ChunkOverlap{.read_bytes = read_bytes})
             : fail(error);
}

}  // namespace

Result<ChunkOverlap> compare_overlap(const Catalog& catalog, const ChunkRef& earlier,
                                     const ChunkRef& later) {
  ChunkRef other = earlier;
  const auto there = catalog.store().head(other.key);
  if (!there) {
    return there.error().action() == Action::kNotFound ? Result<ChunkOverlap>(ChunkOverlap{})
                                                       : fail(there.error());
  }
  other.object_bytes = there->size;
  const auto in_both = [&](const archive::FrameInfo& frame) {
    return frame.last_sequence >= later.name.first && frame.first_sequence <= other.name.last;
  };
  auto a = ChunkCursor::open(catalog, other, in_both);
  if (!a && a.error().code != ErrorCode::kCorrupt) {
    return fail(a.error());
  }
  auto b = ChunkCursor::open(catalog, later, in_both);
  if (!b) {
    return nothing_compared(b.error(), a ? a->take_read_bytes() : 0);
  }
  if (!a) {
    return ChunkOverlap{.read_bytes = b->take_read_bytes()};
  }
  auto overlap = compare(*a, *b);
  return overlap ? overlap : nothing_compared(overlap.error());
}

}  // namespace nats3::catalog
