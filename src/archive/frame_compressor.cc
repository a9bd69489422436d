#include "archive/frame_compressor.h"

#include <fmt/format.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <memory>
#include <utility>

#include "base/digest.h"

namespace nats3::archive {
namespace {

// Frames of nearly all messages need less. A larger one's memory isn't kept.
constexpr std::size_t kKeptScratch = std::size_t{2} << 20;

class Compressor {
 public:
  Result<std::string> compress(std::string_view content, int level) {
    if (!context_) {
      context_.reset(ZSTD_createCCtx());
    }
    if (!context_) {
      return failed(content, static_cast<std::size_t>(-ZSTD_error_memory_allocation));
    }
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
    const std::size_t bound = ZSTD_compressBound(content.size());
    if (bound > capacity_) {
      scratch_ = std::make_unique_for_overwrite<char[]>(bound);
      capacity_ = bound;
    }
    const std::size_t size =
        ZSTD_compress2(context_.get(), scratch_.get(), capacity_, content.data(), content.size());
    if (ZSTD_isError(size) != 0) {
      return failed(content, size);
    }
    std::string frame(scratch_.get(), size);
    if (capacity_ > kKeptScratch) {
      scratch_.reset();
      capacity_ = 0;
    }
    return frame;
  }

 private:
  static tl::unexpected<Error> failed(std::string_view content, std::size_t code) {
    return fail(ErrorCode::kInternal, fmt::format("zstd can't compress {} bytes: {}",
                                                  content.size(), ZSTD_getErrorName(code)));
  }

  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context_{nullptr, &ZSTD_freeCCtx};
  std::unique_ptr<char[]> scratch_;
  std::size_t capacity_ = 0;  // of scratch_
};

}  // namespace

Result<CompressedFrame> compress_frame(std::string_view content, int level) {
  static thread_local Compressor compressor;
  return compressor.compress(content, level).map([&](std::string bytes) {
    return CompressedFrame{.bytes = std::move(bytes),
                           .content_bytes = static_cast<std::uint32_t>(content.size()),
                           .content_hash = xxh3_64(content)};
  });
}

}  // namespace nats3::archive
