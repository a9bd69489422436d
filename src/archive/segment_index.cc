#include "archive/segment_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive/wire.h"
#include "base/digest.h"

namespace nats3::archive {
namespace {

constexpr std::string_view kMagic = "NATS3SEG";
constexpr std::uint16_t kVersion = 2;
constexpr std::size_t kSegmentBytes = 48;

tl::unexpected<Error> corrupt(std::string_view why) {
  return fail(ErrorCode::kCorrupt, fmt::format("not the index of a filter's chunks: {}", why));
}

std::uint64_t bits(Timestamp time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

Timestamp to_time(std::uint64_t bits) {
  return Timestamp{std::chrono::nanoseconds{static_cast<std::int64_t>(bits)}};
}

Segment read_segment(ByteReader& in) {
  Segment segment;
  segment.end = in.fixed<std::uint64_t>();
  segment.chunks = in.fixed<std::uint64_t>();
  segment.messages = in.fixed<std::uint64_t>();
  segment.last = in.fixed<std::uint64_t>();
  segment.time_min = to_time(in.fixed<std::uint64_t>());
  segment.time_max = to_time(in.fixed<std::uint64_t>());
  return segment;
}

// Its last chunk begins just below its end, and each chunk has a message.
bool is_possible(const Segment& segment, std::uint64_t begin) {
  return segment.end > std::max<std::uint64_t>(begin, 1) && segment.last >= segment.end - 1 &&
         segment.chunks > 0 && segment.messages >= segment.chunks &&
         segment.time_min <= segment.time_max;
}

// The format's version and what is reserved, and the hash of all that follows.
Result<void> check_identity(ByteReader& in, std::string_view bytes) {
  if (in.take(kMagic.size()) != kMagic) {
    return corrupt("its first bytes are others");
  }
  const auto version = in.fixed<std::uint16_t>();
  if (version > kVersion) {
    return fail(ErrorCode::kInvalid, fmt::format("an index of format {}, newer than {}: a newer "
                                                 "nats3 reads it",
                                                 version, kVersion));
  }
  const std::string_view reserved = in.take(6);
  const auto hash = in.fixed<std::uint64_t>();
  if (!in.ok() || version != kVersion || reserved.find_first_not_of('\0') != reserved.npos) {
    return corrupt("it is too short, or of a version that never was");
  }
  return hash == xxh3_64(bytes.substr(kIndexIdentityBytes)) ? Result<void>()
                                                            : corrupt("its hash is another");
}

}  // namespace

void SegmentIndex::cut(std::uint64_t first) {
  while (!segments_.empty() && segments_.back().end > first) {
    segments_.pop_back();
  }
  begin_ = segments_.empty() ? 0 : begin_;
}

std::string SegmentIndex::serialize() const {
  std::string content;
  content.reserve(256 + segments_.size() * kSegmentBytes);
  for (const std::string* name : {&stream_, &epoch_, &filter_}) {
    put_bytes(content, *name);
  }
  put_fixed(content, begin_);
  put_fixed(content, static_cast<std::uint32_t>(segments_.size()));
  for (const Segment& segment : segments_) {
    for (const std::uint64_t number : {segment.end, segment.chunks, segment.messages, segment.last,
                                       bits(segment.time_min), bits(segment.time_max)}) {
      put_fixed(content, number);
    }
  }
  std::string out(kMagic);
  put_fixed(out, kVersion);
  out.append(6, '\0');
  put_fixed(out, xxh3_64(content));
  return out + content;
}

Result<SegmentIndex> SegmentIndex::parse(std::string_view bytes) {
  ByteReader in(bytes);
  if (auto checked = check_identity(in, bytes); !checked) {
    return fail(checked.error());
  }
  SegmentIndex index;
  for (std::string* name : {&index.stream_, &index.epoch_, &index.filter_}) {
    const std::string_view text = in.bytes();
    if (text.size() > kMaxNameBytes) {
      return corrupt("a name is too long");
    }
    *name = text;
  }
  index.begin_ = in.fixed<std::uint64_t>();
  const auto count = in.fixed<std::uint32_t>();
  if (!in.ok() || count > kMaxSegments || in.remaining() != count * kSegmentBytes) {
    return corrupt("its size isn't that of its segments");
  }
  if (count == 0 && index.begin_ != 0) {
    return corrupt("it begins without a segment");
  }
  index.segments_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const Segment segment = read_segment(in);
    if (!is_possible(segment, std::max(index.begin(), index.end()))) {
      return corrupt(fmt::format("segment {} contradicts itself or the one before", i));
    }
    index.add(segment);
  }
  return index;
}

void SegmentBuilder::add(const ChunkName& name) {
  if (segment_.chunks == 0) {
    segment_.time_min = name.time_min;
    segment_.time_max = name.time_max;
  }
  segment_.end = name.first + 1;
  segment_.chunks += 1;
  segment_.messages += name.count;
  segment_.last = std::max(segment_.last, name.last);
  segment_.time_min = std::min(segment_.time_min, name.time_min);
  segment_.time_max = std::max(segment_.time_max, name.time_max);
}

}  // namespace nats3::archive
