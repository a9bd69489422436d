// The bytes around the frames of a chunk; docs/format.md has the tables.
//
// Header, footer and tail are zstd skippable frames: magic u32, size u32, then a payload.
//   header: "NATS3CHK", version u16, encoding u8, 0 u8, previous u64, stream, epoch and filter each
//           after its length, XXH3-64 of the payload before it u64
//   footer: "NATS3IDX", SHA-256 of the file before the footer, summary 6 x 8 bytes, number of
//   frames
//           u32, 60 bytes for each, a copy of the header's payload after its length, subjects
//   tail:   "NATS3END", version u32, footer size u32, footer offset u64, file size u64, XXH3-64 of
//           the footer u64; sizes and hash include the 8 bytes of skippable frame

#include "archive/chunk_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive/wire.h"

namespace nats3::archive {
namespace {

constexpr std::uint32_t kSkippableMagic = 0x184d'2a53;  // one of the 16 that zstd sets aside
constexpr std::size_t kSkippableBytes = 8;
constexpr std::string_view kHeaderMagic = "NATS3CHK";
constexpr std::string_view kFooterMagic = "NATS3IDX";
constexpr std::string_view kTailMagic = "NATS3END";
constexpr std::size_t kMinHeaderPayload = 31;
constexpr std::size_t kMaxHeaderPayload = 3 * (kMaxNameBytes + kMaxVarintBytes) + 28;
constexpr std::size_t kFrameInfoBytes = 60;
constexpr std::size_t kMaxFooterBytes = std::size_t{8} << 20;

std::string skippable_frame(std::string_view payload) {
  std::string frame;
  frame.reserve(kSkippableBytes + payload.size());
  put_fixed(frame, kSkippableMagic);
  put_fixed(frame, static_cast<std::uint32_t>(payload.size()));
  frame += payload;
  return frame;
}

void put_time(std::string& out, Timestamp time) {
  put_fixed(out, static_cast<std::uint64_t>(time.time_since_epoch().count()));
}

Timestamp read_time(ByteReader& in) {
  return Timestamp{std::chrono::nanoseconds{static_cast<std::int64_t>(in.fixed<std::uint64_t>())}};
}

std::string header_payload(const ChunkHeader& header) {
  std::string payload(kHeaderMagic);
  put_fixed(payload, kFormatVersion);
  put_fixed(payload, static_cast<std::uint8_t>(header.encoding));
  put_fixed(payload, std::uint8_t{0});
  put_fixed(payload, header.previous);
  put_bytes(payload, header.stream);
  put_bytes(payload, header.epoch);
  put_bytes(payload, header.filter);
  put_fixed(payload, xxh3_64(payload));
  return payload;
}

tl::unexpected<Error> corrupt(std::string_view part, std::string_view why) {
  return fail(ErrorCode::kCorrupt, fmt::format("{}: {}", part, why));
}

Result<void> check_version(std::uint32_t version) {
  if (version > kFormatVersion) {
    return fail(ErrorCode::kInvalid,
                fmt::format("the chunk has format version {}, and this nats3 reads up to {}: use a "
                            "newer nats3",
                            version, kFormatVersion));
  }
  if (version != kFormatVersion) {
    return corrupt("chunk", fmt::format("there is no format version {}", version));
  }
  return {};
}

Result<ChunkHeader> parse_header_payload(std::string_view payload) {
  if (payload.size() < kMinHeaderPayload || payload.size() > kMaxHeaderPayload ||
      !payload.starts_with(kHeaderMagic)) {
    return corrupt("header", "this isn't the header of a chunk");
  }
  ByteReader hash(payload.substr(payload.size() - 8));
  ByteReader in(payload.substr(0, payload.size() - 8).substr(kHeaderMagic.size()));
  if (hash.fixed<std::uint64_t>() != xxh3_64(payload.substr(0, payload.size() - 8))) {
    return corrupt("header", "it fails its hash: bytes were changed");
  }
  if (auto version = check_version(in.fixed<std::uint16_t>()); !version) {
    return fail(version.error());
  }
  const auto encoding = in.fixed<std::uint8_t>();
  const auto reserved = in.fixed<std::uint8_t>();
  ChunkHeader header;
  header.encoding = static_cast<Encoding>(encoding);
  header.previous = in.fixed<std::uint64_t>();
  for (std::string* name : {&header.stream, &header.epoch, &header.filter}) {
    const std::string_view bytes = in.bytes();
    if (bytes.size() > kMaxNameBytes) {
      return corrupt("header", "a name is longer than can be");
    }
    *name = bytes;
  }
  const bool known = header.encoding == Encoding::kBinary || header.encoding == Encoding::kJson;
  if (!in.ok() || in.remaining() != 0 || !known || reserved != 0) {
    return corrupt("header", "it contradicts itself");
  }
  return header;
}

void put_frame(std::string& out, const FrameInfo& frame) {
  put_fixed(out, frame.offset);
  put_fixed(out, frame.compressed_bytes);
  put_fixed(out, frame.uncompressed_bytes);
  put_fixed(out, frame.count);
  put_fixed(out, frame.first_sequence);
  put_fixed(out, frame.last_sequence);
  put_time(out, frame.time_min);
  put_time(out, frame.time_max);
  put_fixed(out, frame.content_hash);
}

FrameInfo read_frame(ByteReader& in) {
  FrameInfo frame;
  frame.offset = in.fixed<std::uint64_t>();
  frame.compressed_bytes = in.fixed<std::uint32_t>();
  frame.uncompressed_bytes = in.fixed<std::uint32_t>();
  frame.count = in.fixed<std::uint32_t>();
  frame.first_sequence = in.fixed<std::uint64_t>();
  frame.last_sequence = in.fixed<std::uint64_t>();
  frame.time_min = read_time(in);
  frame.time_max = read_time(in);
  frame.content_hash = in.fixed<std::uint64_t>();
  return frame;
}

// Whether `count` different sequences fit between the two.
bool range_holds(std::uint64_t first, std::uint64_t last, std::uint64_t count) {
  return first > 0 && first <= last && count > 0 && count - 1 <= last - first;
}

bool frame_is_possible(const FrameInfo& frame) {
  return frame.compressed_bytes > 0 && frame.uncompressed_bytes > 0 &&
         frame.uncompressed_bytes <= kMaxFrameBytes && frame.count <= kMaxFrameMessages &&
         range_holds(frame.first_sequence, frame.last_sequence, frame.count) &&
         frame.time_min <= frame.time_max;
}

// Checks that frames lie one after another between header and footer, ascend, and add up to the
// summary.
Result<void> check_frames(const ChunkIndex& index, std::uint64_t begin, std::uint64_t end) {
  const ChunkSummary& summary = index.summary;
  std::uint64_t offset = begin;
  std::uint64_t last = index.header.previous;
  std::uint64_t count = 0;
  Timestamp time_min = Timestamp::max();
  Timestamp time_max = Timestamp::min();
  for (const FrameInfo& frame : index.frames) {
    if (!frame_is_possible(frame) || frame.offset != offset || frame.first_sequence <= last) {
      return corrupt("footer", "its frames can't be");
    }
    offset += frame.compressed_bytes;
    last = frame.last_sequence;
    count += frame.count;
    time_min = std::min(time_min, frame.time_min);
    time_max = std::max(time_max, frame.time_max);
  }
  if (offset != end || summary.first_sequence != index.frames.front().first_sequence ||
      summary.last_sequence != last || summary.count != count || summary.time_min != time_min ||
      summary.time_max != time_max) {
    return corrupt("footer", "its frames don't add up");
  }
  return {};
}

bool subjects_add_up(const SubjectSummary& subjects, std::uint64_t count) {
  if (!subjects.complete()) {
    return subjects.distinct <= count;
  }
  std::uint64_t sum = 0;
  for (const SubjectCount& entry : subjects.listed) {
    if (entry.count > count - sum) {
      return false;
    }
    sum += entry.count;
  }
  return sum == count;
}

// The payload of the skippable frame that is all of `frame`; empty when it isn't one.
std::string_view skippable_payload(std::string_view frame) {
  ByteReader in(frame);
  const bool fits = in.fixed<std::uint32_t>() == kSkippableMagic &&
                    in.fixed<std::uint32_t>() == in.remaining() && in.ok();
  return fits ? frame.substr(kSkippableBytes) : std::string_view{};
}

}  // namespace

std::string make_header_frame(const ChunkHeader& header) {
  return skippable_frame(header_payload(header));
}

Result<HeaderFrame> parse_header_frame(std::string_view begin) {
  ByteReader in(begin);
  const auto magic = in.fixed<std::uint32_t>();
  const auto size = in.fixed<std::uint32_t>();
  const std::string_view payload = in.take(size);
  if (magic != kSkippableMagic || !in.ok()) {
    return corrupt("header", "this isn't the beginning of a chunk");
  }
  auto header = parse_header_payload(payload);
  if (!header) {
    return fail(header.error());
  }
  return HeaderFrame{std::move(*header), kSkippableBytes + payload.size()};
}

std::string make_index(const ChunkIndex& index, std::uint64_t footer_offset) {
  std::string payload(kFooterMagic);
  payload += as_view(index.sha256);
  put_fixed(payload, index.summary.first_sequence);
  put_fixed(payload, index.summary.last_sequence);
  put_fixed(payload, index.summary.count);
  put_fixed(payload, index.summary.content_bytes);
  put_time(payload, index.summary.time_min);
  put_time(payload, index.summary.time_max);
  put_fixed(payload, static_cast<std::uint32_t>(index.frames.size()));
  for (const FrameInfo& frame : index.frames) {
    put_frame(payload, frame);
  }
  put_bytes(payload, header_payload(index.header));
  put_subjects(payload, index.subjects);

  std::string out = skippable_frame(payload);
  std::string tail(kTailMagic);
  put_fixed(tail, std::uint32_t{kFormatVersion});
  put_fixed(tail, static_cast<std::uint32_t>(out.size()));
  put_fixed(tail, footer_offset);
  put_fixed(tail, footer_offset + out.size() + kTailBytes);
  put_fixed(tail, xxh3_64(out));
  return out += skippable_frame(tail);
}

Result<ChunkTail> parse_tail(std::string_view end, std::uint64_t object_size) {
  if (object_size < kTailBytes || end.size() < kTailBytes) {
    return corrupt("chunk", fmt::format("{} bytes are no chunk: it was cut", object_size));
  }
  const std::string_view payload = skippable_payload(end.substr(end.size() - kTailBytes));
  if (!payload.starts_with(kTailMagic)) {
    return corrupt("chunk", "it doesn't end as a chunk does: it was cut or is something else");
  }
  ByteReader in(payload.substr(kTailMagic.size()));
  if (auto version = check_version(in.fixed<std::uint32_t>()); !version) {
    return fail(version.error());
  }
  ChunkTail tail;
  tail.footer_size = in.fixed<std::uint32_t>();
  tail.footer_offset = in.fixed<std::uint64_t>();
  tail.file_size = in.fixed<std::uint64_t>();
  tail.footer_hash = in.fixed<std::uint64_t>();
  tail.index_bytes = tail.footer_size + kTailBytes;
  if (tail.file_size != object_size) {
    return corrupt("chunk", fmt::format("it was written with {} bytes and has {}", tail.file_size,
                                        object_size));
  }
  if (tail.footer_size > kMaxFooterBytes || tail.index_bytes > object_size ||
      tail.footer_offset != object_size - tail.index_bytes) {
    return corrupt("chunk", "its tail contradicts itself");
  }
  return tail;
}

Result<ChunkIndex> parse_footer(std::string_view payload, std::uint64_t footer_offset) {
  if (!payload.starts_with(kFooterMagic)) {
    return corrupt("footer", "this isn't the footer of a chunk");
  }
  ByteReader in(payload.substr(kFooterMagic.size()));
  ChunkIndex index;
  std::ranges::copy(in.take(index.sha256.size()), index.sha256.begin());
  index.summary.first_sequence = in.fixed<std::uint64_t>();
  index.summary.last_sequence = in.fixed<std::uint64_t>();
  index.summary.count = in.fixed<std::uint64_t>();
  index.summary.content_bytes = in.fixed<std::uint64_t>();
  index.summary.time_min = read_time(in);
  index.summary.time_max = read_time(in);
  const auto frames = in.fixed<std::uint32_t>();
  if (frames == 0 || frames > kMaxFrames || frames > in.remaining() / kFrameInfoBytes) {
    return corrupt("footer", "its number of frames can't be");
  }
  index.frames.reserve(frames);
  for (std::uint32_t i = 0; i < frames; ++i) {
    index.frames.push_back(read_frame(in));
  }
  const std::string_view header_bytes = in.bytes();
  auto header = parse_header_payload(header_bytes);
  if (!header) {
    return fail(header.error());
  }
  index.header = std::move(*header);
  auto subjects = read_subjects(in);
  if (!subjects) {
    return fail(subjects.error());
  }
  index.subjects = std::move(*subjects);
  if (!in.ok() || in.remaining() != 0 || !subjects_add_up(index.subjects, index.summary.count)) {
    return corrupt("footer", "it contradicts itself");
  }
  if (auto checked = check_frames(index, kSkippableBytes + header_bytes.size(), footer_offset);
      !checked) {
    return fail(checked.error());
  }
  return index;
}

Result<ChunkIndex> ChunkIndex::parse(std::string_view end, std::uint64_t object_size) {
  const auto tail = parse_tail(end, object_size);
  if (!tail) {
    return fail(tail.error());
  }
  if (end.size() < tail->index_bytes) {
    return fail(ErrorCode::kInvalid,
                fmt::format("the index takes the last {} bytes of the chunk, and {} were given",
                            tail->index_bytes, end.size()));
  }
  const std::string_view footer = end.substr(end.size() - tail->index_bytes, tail->footer_size);
  const std::string_view payload = skippable_payload(footer);
  if (payload.empty() || xxh3_64(footer) != tail->footer_hash) {
    return corrupt("footer", "it fails its hash: bytes were changed");
  }
  auto index = parse_footer(payload, tail->footer_offset);
  if (index) {
    index->file_size = tail->file_size;
  }
  return index;
}

bool same_content(const ChunkIndex& a, const ChunkIndex& b) {
  const auto same = [](const FrameInfo& x, const FrameInfo& y) {
    return x.uncompressed_bytes == y.uncompressed_bytes && x.content_hash == y.content_hash &&
           x.count == y.count && x.first_sequence == y.first_sequence;
  };
  return a.header == b.header && a.summary == b.summary &&
         std::ranges::equal(a.frames, b.frames, same);
}

}  // namespace nats3::archive
