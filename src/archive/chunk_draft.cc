#include "archive/chunk_draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

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

// Counts a message into a summary or a frame, which tell their range alike.
template <typename Range>
void extend(Range& range, const Message& message) {
  if (range.count == 0) {
    range.first_sequence = message.sequence;
    range.time_min = range.time_max = message.time;
  }
  range.last_sequence = message.sequence;
  range.time_min = std::min(range.time_min, message.time);
  range.time_max = std::max(range.time_max, message.time);
  ++range.count;
}

}  // namespace

class ChunkDraft::Impl {
 public:
  explicit Impl(ChunkOptions options)
      : options_(std::move(options)),
        checked_(check_options(options_)),
        encoder_(options_.encoding == Encoding::kBinary ? make_binary_encoder(pool_)
                                                        : make_json_encoder()) {
    index_.header = {options_.stream, options_.epoch, options_.filter, options_.previous,
                     options_.encoding};
    append_bytes(make_header_frame(index_.header));
  }

  Result<void> add(const Message& message) {
    const std::size_t size = content_size(message);
    if (auto checked = check(message, size); !checked) {
      return checked;
    }
    const bool frame_full = encoder_->size() + size > frame_limit() ||
                            frame_.count == kMaxFrameMessages ||
                            frame_fields_ + message.headers.size() > kMaxFrameFields;
    if (frame_full) {
      end_frame();
    }
    const StringPool::Id subject = pool_.intern(message.subject);
    count_subject(subject);
    encoder_->add(message, subject);
    count_message(message, size);
    return {};
  }

  [[nodiscard]] const ChunkSummary& summary() const { return index_.summary; }

  std::vector<std::string> take_frames() { return std::exchange(complete_, {}); }

  void end_frame() {
    if (frame_.count == 0) {
      return;
    }
    complete_.push_back(encoder_->take(std::exchange(spare_, {})));
    index_.frames.push_back(frame_);
    frame_ = {};
    frame_fields_ = 0;
    frame_subjects_ = 0;
  }

  void recycle(std::string content) {
    if (content.capacity() <= options_.frame_bytes * 2) {  // not that of one large message
      spare_ = std::move(content);
    }
  }

  void append(CompressedFrame compressed) {
    FrameInfo& frame = index_.frames[appended_++];
    frame.offset = size_;
    frame.compressed_bytes = static_cast<std::uint32_t>(compressed.bytes.size());
    frame.uncompressed_bytes = compressed.content_bytes;
    frame.content_hash = compressed.content_hash;
    append_bytes(std::move(compressed.bytes));
  }

  [[nodiscard]] std::size_t size() const { return size_; }

  Result<Chunk> finish() {
    if (index_.summary.count == 0) {
      return invalid("a chunk needs a message");
    }
    Sha256 hash;
    for (const std::string& piece : pieces_) {
      hash.update(piece);
    }
    index_.sha256 = hash.so_far();
    index_.subjects = summarise();
    append_bytes(make_index(index_, size_));
    hash.update(pieces_.back());
    return Chunk{join(), index_.summary, hash.finish()};
  }

 private:
  void append_bytes(std::string bytes) {
    size_ += bytes.size();
    pieces_.push_back(std::move(bytes));
  }

  // Frees each piece once it is copied: memory for little more than the file is enough.
  std::string join() {
    std::string bytes;
    bytes.reserve(size_);
    for (std::string& piece : pieces_) {
      bytes += piece;
      std::string().swap(piece);
    }
    return bytes;
  }

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
    extend(index_.summary, message);
    index_.summary.content_bytes += size;
    extend(frame_, message);
    frame_fields_ += message.headers.size();
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
  ChunkIndex index_;  // grows as frames do
  FrameInfo frame_;   // the one being filled
  std::size_t frame_fields_ = 0;
  std::uint32_t frame_subjects_ = 0;   // different ones
  std::vector<std::string> complete_;  // not taken yet
  std::string spare_;
  std::size_t appended_ = 0;         // frames
  std::vector<std::string> pieces_;  // of the file so far
  std::size_t size_ = 0;             // of them all
};

ChunkDraft::ChunkDraft(ChunkOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
ChunkDraft::~ChunkDraft() = default;
ChunkDraft::ChunkDraft(ChunkDraft&&) noexcept = default;
ChunkDraft& ChunkDraft::operator=(ChunkDraft&&) noexcept = default;

Result<void> ChunkDraft::add(const Message& message) { return impl_->add(message); }
const ChunkSummary& ChunkDraft::summary() const { return impl_->summary(); }
std::vector<std::string> ChunkDraft::take_frames() { return impl_->take_frames(); }
void ChunkDraft::end_frame() { impl_->end_frame(); }
void ChunkDraft::recycle(std::string content) { impl_->recycle(std::move(content)); }
void ChunkDraft::append(CompressedFrame frame) { impl_->append(std::move(frame)); }
std::size_t ChunkDraft::size() const { return impl_->size(); }
Result<Chunk> ChunkDraft::finish() { return impl_->finish(); }

}  // namespace nats3::archive
