#include "jobs/store/index_writer.h"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace nats3::jobs {
namespace {

constexpr std::chrono::seconds kRetry{10};
// A segment ends where the next chunk begins.
constexpr std::uint64_t kEnough = archive::kSegmentChunks + 1;

}  // namespace

IndexWriter::IndexWriter(Subject subject, const Lease& lease, Executor& tasks,
                         std::function<void()> on_done)
    : subject_(std::move(subject)), lease_(lease), tasks_(tasks), on_done_(std::move(on_done)) {}

Result<void> IndexWriter::begin() {
  return subject_.catalog->segment_index(subject_.epoch, subject_.filter)
      .map([&](const std::shared_ptr<const archive::SegmentIndex>& index) {
        index_ = in_bucket_ = *index;
        end_ = index_.end();
        beyond_ = kEnough;  // not known: a look tells
        retry_at_ = tasks_.clock().monotonic() + kSettle;
      });
}

Result<void> IndexWriter::before_put(std::uint64_t first) {
  {
    const std::lock_guard lock(mutex_);
    lowest_put_ = std::min(lowest_put_, first);
    if (first >= end_) {
      return {};
    }
  }
  const std::lock_guard lock(index_mutex_);
  if (first >= index_.end()) {
    return {};
  }
  archive::SegmentIndex cut = index_;
  cut.cut(first);
  return put(cut).map([&] {
    index_ = std::move(cut);
    not_put_ = 0;
    const std::lock_guard state_lock(mutex_);
    end_ = index_.end();
  });
}

void IndexWriter::count_chunk() {
  const std::lock_guard lock(mutex_);
  ++beyond_;
}

void IndexWriter::extend(std::uint64_t limit) {
  {
    const std::lock_guard lock(mutex_);
    if (under_way_ || beyond_ < kEnough || (retry_at_ && tasks_.clock().monotonic() < *retry_at_)) {
      return;
    }
    under_way_ = true;
    retry_at_.reset();
    lowest_put_ = UINT64_MAX;
  }
  tasks_.post([self = shared_from_this(), limit] { self->run(limit); });
}

bool IndexWriter::idle() const {
  const std::lock_guard lock(mutex_);
  return !under_way_;
}

void IndexWriter::run(std::uint64_t limit) {
  std::uint64_t known = 0;
  {
    const std::lock_guard lock(mutex_);
    known = beyond_;
  }
  const auto found = look(limit);
  const auto added = found ? add(*found) : Result<void>(fail(found.error()));
  bool go_on = false;
  {
    const std::lock_guard lock(mutex_);
    under_way_ = false;
    if (added) {
      // Where a whole look finds no end of a segment, the next one waits for as many chunks again.
      go_on = found->more && !found->segments.empty();
      beyond_ = go_on ? kEnough : (found->more ? 0 : found->rest) + (beyond_ - known);
    } else {
      retry_at_ = tasks_.clock().monotonic() + kRetry;
    }
  }
  if (!added) {
    spdlog::debug("indexing the chunks of '{}': {}", subject_.filter, added.error().message);
  }
  on_done_();
}

Result<IndexWriter::Found> IndexWriter::look(std::uint64_t limit) {
  std::uint64_t from = 0;
  {
    const std::lock_guard lock(index_mutex_);
    if (auto checked = check_bucket(); !checked) {
      return fail(checked.error());
    }
    from = index_.end();
  }
  return find(from, limit);
}

// Begins again when the index isn't there as it was put last.
Result<void> IndexWriter::check_bucket() {
  const auto there = subject_.catalog->segment_index(subject_.epoch, subject_.filter);
  if (!there) {
    return fail(there.error());
  }
  if (**there == index_) {
    in_bucket_ = index_;
  }
  if (**there == in_bucket_) {
    return {};
  }
  archive::SegmentIndex empty(subject_.catalog->location().stream, subject_.epoch, subject_.filter);
  if (auto replaced = put(empty); !replaced) {
    return replaced;
  }
  index_ = std::move(empty);
  not_put_ = 0;
  const std::lock_guard lock(mutex_);
  end_ = 0;
  return {};
}

// Looks at the chunks that begin at `from` or above, and below `limit`.
Result<IndexWriter::Found> IndexWriter::find(std::uint64_t from, std::uint64_t limit) const {
  const catalog::Catalog& catalog = *subject_.catalog;
  object::ListQuery query{
      .prefix = archive::filter_folder(catalog.location(), subject_.epoch, subject_.filter),
      .start_after =
          archive::list_chunks_from(catalog.location(), subject_.epoch, subject_.filter, from)};
  Found found{.from = from};
  archive::SegmentBuilder builder;
  for (int i = 0; i < kPagesPerTask; ++i) {
    auto page = catalog.store().list(query);
    if (!page) {
      return fail(page.error());
    }
    found.more = !page->next_token.empty();
    for (const auto& object : page->objects) {
      const auto chunk = catalog.parse_chunk(subject_.filter, object);
      if (chunk && chunk->name.first >= limit) {
        found.more = false;
        break;
      }
      if (chunk) {
        if (builder.ends_before(chunk->name.first)) {
          found.segments.push_back(builder.take());
        }
        found.begin = found.begin == 0 ? chunk->name.first : found.begin;
        builder.add(chunk->name);
      }
    }
    if (!found.more) {
      break;
    }
    query.token = page->next_token;
  }
  found.rest = builder.chunks();
  return found;
}

Result<void> IndexWriter::add(const Found& found) {
  const std::lock_guard lock(index_mutex_);
  if (index_.end() != found.from) {
    return {};  // it was cut meanwhile
  }
  {
    const std::lock_guard state_lock(mutex_);
    for (const archive::Segment& segment : found.segments) {
      if (segment.end > lowest_put_ || index_.segments().size() == archive::kMaxSegments) {
        break;
      }
      if (index_.segments().empty()) {
        index_.begin_at(found.begin);
      }
      index_.add(segment);
      ++not_put_;
    }
    end_ = index_.end();  // from here on, chunks below it wait for the index to be put, and cut it
  }
  if (not_put_ == 0 || (found.more && not_put_ < kSegmentsPerPut)) {
    return {};
  }
  return put(index_).map([&] { not_put_ = 0; });
}

Result<void> IndexWriter::put(const archive::SegmentIndex& index) {
  if (!lease_.held()) {
    return fail(ErrorCode::kUnavailable, "this server's lease ended before a write");
  }
  return subject_.catalog->put_segment_index(index).map([&] { in_bucket_ = index; });
}

}  // namespace nats3::jobs
