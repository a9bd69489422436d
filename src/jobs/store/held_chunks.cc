#include "jobs/store/held_chunks.h"

#include <algorithm>
#include <iterator>

namespace nats3::jobs {
namespace {

// Chunks sealed and not yet admitted: one is put, others are encoded or wait for their turn.
constexpr std::size_t kMaxUploads = 8;
constexpr std::size_t kLeastUploads = 2;  // so that one is encoded while another is put
// Bytes in frames that wait for their compression.
constexpr std::uint64_t kMaxUncompressed = 8 << 20;
constexpr std::uint64_t kLeastUncompressed = 1 << 20;  // a frame

}  // namespace

// With acknowledgements, where messages are kept and take several times their content when they are
// small, at most two chunks wait.
bool HeldChunks::has_room(std::uint64_t largest, bool explicit_ack, const MemoryBudget& all) const {
  const PendingChunk* gathered = cutter_.gathered();
  const std::uint64_t uncompressed =
      uploads_.uncompressed_bytes() + (gathered != nullptr ? gathered->uncompressed_bytes() : 0);
  const std::size_t waiting = uploads_.uploads().size();
  if (!all.has_room()) {
    return waiting == 0 && uncompressed < kLeastUncompressed;
  }
  if (uncompressed >= kMaxUncompressed) {
    return false;
  }
  return waiting < kLeastUploads ||
         (!explicit_ack && waiting < kMaxUploads && uploads_.held_bytes() < largest * 3 / 2);
}

std::uint64_t HeldChunks::bytes() const {
  const PendingChunk* gathered = cutter_.gathered();
  return uploads_.held_bytes() + (gathered != nullptr ? gathered->held_bytes() : 0);
}

std::uint64_t HeldChunks::deliveries() const {
  std::uint64_t count = cutter_.gathered() != nullptr ? cutter_.gathered()->count() : 0;
  for (const auto& upload : uploads_.uploads()) {
    count += upload->content->count();
  }
  return count;
}

std::vector<std::string> HeldChunks::ack_subjects() const {
  std::vector<std::string> subjects;
  if (const PendingChunk* gathered = cutter_.gathered()) {
    subjects = gathered->ack_subjects();
  }
  for (const auto& upload : uploads_.uploads()) {
    std::ranges::move(upload->content->ack_subjects(), std::back_inserter(subjects));
  }
  return subjects;
}

std::uint64_t HeldChunks::unarchived() const {
  std::uint64_t count = cutter_.gathered() != nullptr ? cutter_.gathered()->count() : 0;
  for (const auto& upload : uploads_.uploads()) {
    count += upload->range.count;
  }
  return count;
}

std::optional<Timestamp> HeldChunks::oldest() const {
  if (!uploads_.uploads().empty()) {
    return uploads_.uploads().front()->content->oldest();
  }
  const PendingChunk* gathered = cutter_.gathered();
  return gathered != nullptr ? std::optional(gathered->oldest()) : std::nullopt;
}

std::vector<ChunkRange> HeldChunks::intents() const {
  std::vector<ChunkRange> ranges;
  for (const auto& upload : uploads_.uploads()) {
    if (!upload->counted) {
      ranges.push_back(upload->range);
    }
  }
  std::ranges::copy(cutter_.to_make_again(), std::back_inserter(ranges));
  std::ranges::sort(ranges, {}, &ChunkRange::first);
  return ranges;
}

std::optional<std::uint64_t> HeldChunks::first_sequence() const {
  std::uint64_t first = UINT64_MAX;
  if (const PendingChunk* gathered = cutter_.gathered()) {
    first = gathered->first_sequence();
  }
  for (const auto& upload : uploads_.uploads()) {
    first = std::min(first, upload->range.first);
  }
  for (const ChunkRange& range : cutter_.to_make_again()) {
    first = std::min(first, range.first);
  }
  return first == UINT64_MAX ? std::nullopt : std::optional(first);
}

}  // namespace nats3::jobs
