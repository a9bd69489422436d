#include "archive/chunk_writer.h"

#include <fmt/format.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>

#include "archive/chunk_index.h"
#include "archive/records.h"
#include "archive/string_pool.h"
#include "archive/subject_summary.h"
#include "base/digest.h"

namespace nats3::archive {
namespace {

constexpr int kMaxLevel = 19;  // beyond it, windows grow past kMaxWindowLog
constexpr std::size_t kLargestFrameOption = std::size_t{16} << 20;
// Where nearly each of so many messages has a subject of its own, a frame is a quarter as large:
// who wants one of the subjects fetches so much less.
constexpr std::size_t kSmallFramePart = 4;
constexpr std::uint32_t kFewestOfSmallFrame = 64;
constexpr std::uint32_t kMostOfSmallFrame = 1'024;

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

Result<void> check_options(const ChunkOptions& options) {
  if (options.zstd_level < 1 || options.zstd_level > kMaxLevel) {
    return invalid(
        fmt::format("zstd level {} isn't between 1 and {}", options.zstd_level, kMaxLevel));
  }
  if (options.frame_bytes == 0 || options.frame_bytes > kLargestFrameOption) {
    return invalid(fmt::format("frames of {} bytes: 1 to {} are possible", options.frame_bytes,
                               kLargestFrameOption));
  }
  if (std::max({options.stream.size(), options.epoch.size(), options.filter.size()}) >
      kMaxNameBytes) {
    return invalid(fmt::format("a stream name, epoch or subject is over {} bytes", kMaxNameBytes));
  }
  return {};
}

// Makes zstd frames with one context, which is costly to set up.
class FrameCompressor {
 public:
  explicit FrameCompressor(int level) : context_(ZSTD_createCCtx(), &ZSTD_freeCCtx) {
    if (context_) {
      ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
      ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
    }
  }

  // Appends `content` as one frame to `out`. Returns the size of the frame.
  Result<std::size_t> append(std::string& out, std::string_view content) {
    const std::size_t bound = ZSTD_compressBound(content.size());
    if (bound > capacity_) {
      scratch_ = std::make_unique_for_overwrite<char[]>(bound);
      capacity_ = bound;
    }
    const std::size_t size = context_ ? ZSTD_compress2(context_.get(), scratch_.get(), capacity_,
                                                       content.data(), content.size())
                                      : static_cast<std::size_t>(-ZSTD_error_memory_allocation);
    if (ZSTD_isError(size) != 0) {
      return fail(ErrorCode::kInternal, fmt::format("zstd can't compress {} bytes: {}",
                                                    content.size(), ZSTD_getErrorName(size)));
    }
    out.append(scratch_.get(), size);
    return size;
  }

 private:
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context_;
  std::unique_ptr<char[]> scratch_;
  std::size_t capacity_ = 0;  // of scratch_
};

}  // namespace

class ChunkWriter::Impl {
 public:
  explicit Impl(ChunkOptions options)
      : options_(std::move(options)),
        checked_(check_options(options_)),
        encoder_(options_.encoding == Encoding::kBinary ? make_binary_encoder(pool_)
                                                        : make_json_encoder()),
        compressor_(options_.zstd_level) {
    index_.header = {options_.stream, options_.epoch, options_.filter, options_.previous,
                     options_.encoding};
    bytes_ = make_header_frame(index_.header);
  }

  Result<void> add(const Message& message) {
    const std::size_t size = content_size(message);
    if (auto checked = check(message, size); !checked) {
      return checked;
    }
    const bool frame_full = encoder_->size() + size > frame_limit() ||
                            frame_.count == kMaxFrameMessages ||
                            frame_fields_ + message.headers.size() > kMaxFrameFields;
    if (frame_.count > 0 && frame_full) {
      if (auto ended = end_frame(); !ended) {
        return ended;
      }
    }
    const StringPool::Id subject = pool_.intern(message.subject);
    count_subject(subject);
    encoder_->add(message, subject);
    count_message(message, size);
    return {};
  }

  [[nodiscard]] const ChunkSummary& summary() const { return index_.summary; }

  Result<Chunk> finish() {
    if (index_.summary.count == 0) {
      return invalid("a chunk needs a message");
    }
    if (auto ended = end_frame(); !ended) {
      return fail(ended.error());
    }
    index_.sha256 = sha256(bytes_);
    index_.subjects = summarise();
    bytes_ += make_index(index_, bytes_.size());
    return Chunk{std::move(bytes_), index_.summary};
  }

 private:
  [[nodiscard]] Result<void> check(const Message& message, std::size_t size) const {
    if (!checked_) {
      return checked_;
    }
    const std::uint64_t before =
        index_.summary.count == 0 ? options_.previous : index_.summary.last_sequence;
    if (message.sequence <= before) {
      return invalid(
          fmt::format("message {} doesn't come after message {}", message.sequence, before));
    }
    if (size > kMaxContentBytes || message.headers.size() > kMaxFrameFields) {
      return invalid(fmt::format(
          "message {} with {} bytes and {} header fields is larger than "
          "{} bytes and {} fields",
          message.sequence, size, message.headers.size(), kMaxContentBytes, kMaxFrameFields));
    }
    if (!std::ranges::is_sorted(message.headers, {}, &HeaderField::name)) {
      return invalid(
          fmt::format("the header fields of message {} aren't sorted by name", message.sequence));
    }
    if (index_.frames.size() + 1 >= kMaxFrames) {
      return invalid(fmt::format("a chunk holds at most {} frames", kMaxFrames));
    }
    return {};
  }

  // How large the frame may become, going by the messages in it.
  [[nodiscard]] std::size_t frame_limit() const {
    const bool small = frame_.count >= kFewestOfSmallFrame && frame_.count <= kMostOfSmallFrame &&
                       std::uint64_t{frame_subjects_} * 8 >= std::uint64_t{frame_.count} * 7;
    return small ? options_.frame_bytes / kSmallFramePart : options_.frame_bytes;
  }

  void count_subject(StringPool::Id subject) {
    if (subject >= subjects_.size()) {
      subjects_.resize(pool_.size());
    }
    SubjectState& state = subjects_[subject];
    ++state.count;
    const auto frame = static_cast<std::uint32_t>(index_.frames.size());
    if (state.in_frames_before > frame) {
      return;
    }
    state.in_frames_before = frame + 1;
    ++frame_subjects_;
    if (pairs_.size() < SubjectSummary::kTooManyPairs) {
      pairs_.push_back({subject, frame});
    }
  }

  void count_message(const Message& message, std::size_t size) {
    ChunkSummary& summary = index_.summary;
    if (summary.count == 0) {
      summary.first_sequence = message.sequence;
      summary.time_min = summary.time_max = message.time;
    }
    summary.last_sequence = message.sequence;
    summary.time_min = std::min(summary.time_min, message.time);
    summary.time_max = std::max(summary.time_max, message.time);
    summary.content_bytes += size;
    ++summary.count;

    if (frame_.count == 0) {
      frame_.first_sequence = message.sequence;
      frame_.time_min = frame_.time_max = message.time;
    }
    frame_.last_sequence = message.sequence;
    frame_.time_min = std::min(frame_.time_min, message.time);
    frame_.time_max = std::max(frame_.time_max, message.time);
    ++frame_.count;
    frame_fields_ += message.headers.size();
  }

  Result<void> end_frame() {
    const std::string_view content = encoder_->finish();
    frame_.offset = bytes_.size();
    const auto compressed = compressor_.append(bytes_, content);
    if (!compressed) {
      return fail(compressed.error());
    }
    frame_.compressed_bytes = static_cast<std::uint32_t>(*compressed);
    frame_.uncompressed_bytes = static_cast<std::uint32_t>(content.size());
    frame_.content_hash = xxh3_64(content);
    index_.frames.push_back(frame_);
    frame_ = {};
    frame_fields_ = 0;
    frame_subjects_ = 0;
    encoder_->clear();
    return {};
  }

  [[nodiscard]] SubjectSummary summarise() {
    std::vector<CountedSubject> subjects;
    std::vector<std::uint32_t> places(subjects_.size());  // of an id among the subjects
    for (StringPool::Id id = 0; id < subjects_.size(); ++id) {
      if (subjects_[id].count > 0) {
        places[id] = static_cast<std::uint32_t>(subjects.size());
        subjects.push_back({pool_.text(id), pool_.hash(id), subjects_[id].count});
      }
    }
    for (SubjectInFrame& pair : pairs_) {
      pair.subject = places[pair.subject];
    }
    const bool complete = index_.frames.size() > 1 && pairs_.size() < SubjectSummary::kTooManyPairs;
    return summarise_subjects(std::move(subjects),
                              complete ? pairs_ : std::vector<SubjectInFrame>{});
  }

  struct SubjectState {
    std::uint64_t count = 0;             // 0 for a header name
    std::uint32_t in_frames_before = 0;  // the number of the last frame that has it, and 1
  };

  const ChunkOptions options_;
  const Result<void> checked_;
  StringPool pool_;
  std::vector<SubjectState> subjects_;  // by id
  std::vector<SubjectInFrame> pairs_;   // subjects by id; kTooManyPairs: not all
  std::unique_ptr<RecordEncoder> encoder_;
  FrameCompressor compressor_;
  ChunkIndex index_;  // grows as frames do
  FrameInfo frame_;   // the one being filled
  std::size_t frame_fields_ = 0;
  std::uint32_t frame_subjects_ = 0;  // different ones
  std::string bytes_;                 // of the file so far
};

ChunkWriter::ChunkWriter(ChunkOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
ChunkWriter::~ChunkWriter() = default;
ChunkWriter::ChunkWriter(ChunkWriter&&) noexcept = default;
ChunkWriter& ChunkWriter::operator=(ChunkWriter&&) noexcept = default;

Result<void> ChunkWriter::add(const Message& message) { return impl_->add(message); }
const ChunkSummary& ChunkWriter::summary() const { return impl_->summary(); }
Result<Chunk> ChunkWriter::finish() { return impl_->finish(); }

}  // namespace nats3::archive
