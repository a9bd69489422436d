#include "jobs/store/streamed_chunk.h"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

namespace nats3::jobs {

// The frames that wait for their compression, or have it and wait for those before them.
// Thread-safe.
class StreamedChunk::Frames {
 public:
  struct Frame {
    std::string content;
    std::optional<Result<archive::CompressedFrame>> compressed;
  };

  // `frame` stays where it is until it is taken, which is after it is compressed.
  Frame& add(std::string content) {
    const std::lock_guard lock(mutex_);
    content_bytes_ += content.size();
    return frames_.emplace_back(std::move(content), std::nullopt);
  }
  void set(Frame& frame, Result<archive::CompressedFrame> compressed) {
    const std::lock_guard lock(mutex_);
    compressed_bytes_ += compressed ? compressed->bytes.size() : 0;
    frame.compressed = std::move(compressed);
  }
  // The next frame in order, if it is compressed.
  std::optional<Frame> take() {
    const std::lock_guard lock(mutex_);
    if (frames_.empty() || !frames_.front().compressed) {
      return std::nullopt;
    }
    Frame frame = std::move(frames_.front());
    frames_.pop_front();
    content_bytes_ -= frame.content.size();
    compressed_bytes_ -= *frame.compressed ? (*frame.compressed)->bytes.size() : 0;
    return frame;
  }
  [[nodiscard]] bool empty() const {
    const std::lock_guard lock(mutex_);
    return frames_.empty();
  }
  [[nodiscard]] std::uint64_t content_bytes() const {
    const std::lock_guard lock(mutex_);
    return content_bytes_;
  }
  [[nodiscard]] std::uint64_t compressed_bytes() const {
    const std::lock_guard lock(mutex_);
    return compressed_bytes_;
  }

 private:
  mutable std::mutex mutex_;
  std::deque<Frame> frames_;
  std::uint64_t content_bytes_ = 0;
  std::uint64_t compressed_bytes_ = 0;
};

StreamedChunk::StreamedChunk(const ChunkSpec& spec, std::uint64_t previous, Tasks tasks)
    : options_(chunk_options(spec, previous)),
      codec_(spec.codec),
      tasks_(std::move(tasks)),
      draft_(options_),
      frames_(std::make_shared<Frames>()),
      draft_bytes_(draft_->size()) {}

void StreamedChunk::take(const std::shared_ptr<const nats::DeliveryBatch>& batch,
                         std::size_t index) {
  const archive::Message& message = batch->deliveries()[index].message;
  if (count() == 1) {
    range_ = {.previous = options_.previous,
              .first = message.sequence,
              .time_min = message.time,
              .time_max = message.time};
  }
  range_.last = message.sequence;
  range_.count = count();
  range_.time_min = std::min(range_.time_min, message.time);
  range_.time_max = std::max(range_.time_max, message.time);
  if (refused_) {
    return;
  }
  if (auto added = draft_->add(message); !added) {
    refused_ = added.error();  // it only tells from here on what it would have been
    return;
  }
  compress_complete();
}

ChunkRange StreamedChunk::seal() {
  if (!refused_) {
    draft_->end_frame();
    compress_complete();
  }
  return range_;
}

void StreamedChunk::compress_complete() {
  for (std::string& content : draft_->take_frames()) {
    Frames::Frame& frame = frames_->add(std::move(content));
    tasks_.executor.post([frames = frames_, &frame, level = options_.zstd_level,
                          on_compressed = tasks_.on_compressed] {
      frames->set(frame, archive::compress_frame(frame.content, level));
      on_compressed();
    });
    settle();
  }
}

void StreamedChunk::settle() {
  while (auto frame = frames_->take()) {
    auto& compressed = *frame->compressed;
    if (!compressed) {
      refused_ = refused_.value_or(compressed.error());
    } else if (draft_ && !refused_) {
      draft_->append(std::move(*compressed));
      draft_bytes_ = draft_->size();
      draft_->recycle(std::move(frame->content));
    }
  }
}

bool StreamedChunk::can_encode() const { return frames_->empty(); }

Result<archive::Chunk> StreamedChunk::encode() {
  if (refused_) {
    return fail(*refused_);
  }
  return checked(draft_->finish(), range_, codec_);
}

std::uint64_t StreamedChunk::held_bytes() const {
  return frames_->content_bytes() + frames_->compressed_bytes() + draft_bytes_;
}

std::uint64_t StreamedChunk::uncompressed_bytes() const { return frames_->content_bytes(); }

void StreamedChunk::release_messages(bool /*keep_ack_subjects*/) {
  draft_.reset();
  draft_bytes_ = 0;
}

}  // namespace nats3::jobs
