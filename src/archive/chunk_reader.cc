#include "archive/chunk_reader.h"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "base/digest.h"

namespace nats3::archive {
namespace {

// Compares the subjects of a chunk's messages with what its index says of them. Takes no memory for
// subjects that the index doesn't list.
class SubjectTally {
 public:
  // `summary` outlives it.
  explicit SubjectTally(const SubjectSummary& summary)
      : summary_(summary), counts_(summary.listed.size()) {}

  // Takes in the subject of a message; returns whether the index knows it.
  bool add(std::string_view subject) {
    if (!summary_.complete()) {
      return summary_.may_contain(subject);
    }
    if (at_ >= counts_.size() || summary_.listed[at_].subject != subject) {
      const auto found =
          std::ranges::lower_bound(summary_.listed, subject, {}, &SubjectCount::subject);
      if (found == summary_.listed.end() || found->subject != subject) {
        return false;
      }
      at_ = static_cast<std::size_t>(found - summary_.listed.begin());
    }
    ++counts_[at_];
    return true;
  }

  // Whether there were as many of each as are listed. A filter tells no numbers.
  [[nodiscard]] bool adds_up() const {
    return std::ranges::equal(summary_.listed, counts_, {}, &SubjectCount::count);
  }

 private:
  const SubjectSummary& summary_;
  std::vector<std::uint64_t> counts_;  // of those that are listed, in that order
  std::size_t at_ = 0;                 // of the subject before: the next one is often the same
};

// The one zstd frame that is all of `compressed`, or what is wrong with it.
// Source: RFC 8878, section 3.1.1.1.
const char* check_zstd_frame(std::string_view compressed, std::uint64_t content_bytes) {
  if (ZSTD_findFrameCompressedSize(compressed.data(), compressed.size()) != compressed.size()) {
    return "it isn't one whole zstd frame";
  }
  if (ZSTD_getFrameContentSize(compressed.data(), compressed.size()) != content_bytes) {
    return "its size isn't the one in the index";
  }
  const auto descriptor = static_cast<unsigned char>(compressed[4]);
  const bool single_segment = (descriptor & 0x20) != 0;
  const int window_log = 10 + (static_cast<unsigned char>(compressed[5]) >> 3);
  if (!single_segment && window_log > kMaxWindowLog) {
    return "its window is larger than can be";
  }
  return nullptr;
}

bool matches(const FrameInfo& frame, const std::vector<Message>& messages) {
  const auto [earliest, latest] = std::ranges::minmax_element(messages, {}, &Message::time);
  return messages.size() == frame.count && messages.front().sequence == frame.first_sequence &&
         messages.back().sequence == frame.last_sequence && earliest->time == frame.time_min &&
         latest->time == frame.time_max;
}

// Decodes each frame in turn, calls `take` with it, and makes the checks that need the whole file.
template <typename Take>
Result<ChunkIndex> read_whole(std::string_view bytes, Take take) {
  auto index = ChunkIndex::parse(bytes, bytes.size());
  if (!index) {
    return index;
  }
  const FrameInfo& last = index->frames.back();
  const std::uint64_t footer_offset = last.offset + last.compressed_bytes;
  if (sha256(bytes.substr(0, footer_offset)) != index->sha256) {
    return fail(ErrorCode::kCorrupt, "the chunk fails its SHA-256: bytes were changed");
  }
  const auto header = parse_header_frame(bytes);
  if (!header) {
    return fail(header.error());
  }
  if (header->header != index->header) {
    return fail(ErrorCode::kCorrupt, "the header differs from its copy in the footer");
  }
  if (index->header.previous >= index->summary.first_sequence) {
    return fail(ErrorCode::kCorrupt, "the header names a predecessor that doesn't come before it");
  }
  std::uint64_t content_bytes = 0;
  SubjectTally subjects(index->subjects);
  for (std::size_t i = 0; i < index->frames.size(); ++i) {
    const FrameInfo& frame = index->frames[i];
    auto decoded = decode_frame(*index, i, bytes.substr(frame.offset, frame.compressed_bytes));
    if (!decoded) {
      return fail(decoded.error());
    }
    for (const Message& message : decoded->messages()) {
      content_bytes += content_size(message);
      subjects.add(message.subject);
    }
    take(std::move(*decoded));
  }
  if (content_bytes != index->summary.content_bytes) {
    return fail(ErrorCode::kCorrupt, "the messages' size isn't the one in the footer");
  }
  if (!subjects.adds_up()) {
    return fail(ErrorCode::kCorrupt, "the subjects' numbers aren't those in the footer");
  }
  return index;
}

// Goes through the messages of a chunk that is in memory, frame by frame.
class MessageWalk {
 public:
  // Both outlive it.
  MessageWalk(const ChunkIndex& index, std::string_view bytes) : index_(index), bytes_(bytes) {}

  // The next message, valid until the next call; null after the last. Errors: kCorrupt.
  Result<const Message*> next() {
    if (frame_ && ++at_ < frame_->messages().size()) {
      return &frame_->messages()[at_];
    }
    if (number_ == index_.frames.size()) {
      return nullptr;
    }
    const FrameInfo& info = index_.frames[number_];
    auto decoded = decode_frame(index_, number_, bytes_.substr(info.offset, info.compressed_bytes));
    if (!decoded) {
      return fail(decoded.error());
    }
    ++number_;
    at_ = 0;
    frame_ = std::move(*decoded);
    return &frame_->messages().front();  // no frame is empty
  }

 private:
  const ChunkIndex& index_;
  const std::string_view bytes_;
  std::optional<DecodedFrame> frame_;
  std::size_t number_ = 0;  // of the frame after it
  std::size_t at_ = 0;
};

}  // namespace

Result<DecodedFrame> decode_frame(const ChunkIndex& index, std::size_t number,
                                  std::string_view compressed) {
  if (number >= index.frames.size()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("there is no frame {} of {}", number + 1, index.frames.size()));
  }
  const FrameInfo& frame = index.frames[number];
  const auto corrupt = [&](std::string_view why) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("frame {} of {} (messages {} to {}): {}", number + 1,
                            index.frames.size(), frame.first_sequence, frame.last_sequence, why));
  };
  if (compressed.size() != frame.compressed_bytes) {
    return corrupt(fmt::format("it has {} bytes of {}", compressed.size(), frame.compressed_bytes));
  }
  if (const char* flaw = check_zstd_frame(compressed, frame.uncompressed_bytes); flaw != nullptr) {
    return corrupt(flaw);
  }
  auto memory = std::make_unique_for_overwrite<char[]>(frame.uncompressed_bytes);
  const std::size_t size =
      ZSTD_decompress(memory.get(), frame.uncompressed_bytes, compressed.data(), compressed.size());
  if (ZSTD_isError(size) != 0) {
    return corrupt(ZSTD_getErrorName(size));
  }
  const std::string_view content(memory.get(), size);
  if (size != frame.uncompressed_bytes || xxh3_64(content) != frame.content_hash) {
    return corrupt("it fails its hash: bytes were changed");
  }
  auto records = decode_records(index.header.encoding, content);
  if (!records) {
    return corrupt(records.error().message);
  }
  if (!matches(frame, records->messages)) {
    return corrupt("its messages aren't those of the index");
  }
  SubjectTally subjects(index.subjects);
  for (const Message& message : records->messages) {
    if (!subjects.add(message.subject)) {
      return corrupt("the subject of a message isn't in the index");
    }
    if (!index.may_contain_subject(message.subject, number)) {
      return corrupt("the index says that it doesn't hold the subject of one of its messages");
    }
  }
  return DecodedFrame(std::move(memory), std::move(*records));
}

Result<DecodedChunk> decode_chunk(std::string_view bytes) {
  DecodedChunk chunk;
  auto index =
      read_whole(bytes, [&](DecodedFrame frame) { chunk.frames.push_back(std::move(frame)); });
  if (!index) {
    return fail(index.error());
  }
  chunk.index = std::move(*index);
  return chunk;
}

Result<ChunkIndex> verify_chunk(std::string_view bytes) {
  return read_whole(bytes, [](const DecodedFrame&) {});
}

Result<bool> same_messages(std::string_view a, std::string_view b) {
  const auto index_a = ChunkIndex::parse(a, a.size());
  if (!index_a) {
    return fail(index_a.error());
  }
  const auto index_b = ChunkIndex::parse(b, b.size());
  if (!index_b) {
    return fail(index_b.error());
  }
  if (index_a->header != index_b->header || index_a->summary != index_b->summary) {
    return false;
  }
  MessageWalk walk_a(*index_a, a);
  MessageWalk walk_b(*index_b, b);
  for (std::uint64_t i = 0; i < index_a->summary.count; ++i) {
    const auto message_a = walk_a.next();
    if (!message_a) {
      return fail(message_a.error());
    }
    const auto message_b = walk_b.next();
    if (!message_b) {
      return fail(message_b.error());
    }
    if (*message_a == nullptr || *message_b == nullptr || **message_a != **message_b) {
      return false;
    }
  }
  return true;
}

}  // namespace nats3::archive
