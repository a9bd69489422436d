// Catalog: what is in the bucket of one stream's archive, found by its keys.
//
//   {prefix/}{stream}/{epoch}/stream.json            the epoch's description
//   {prefix/}{stream}/{epoch}/{filter}/{chunk}       see archive/key.h
//
// There is no other catalogue: a listing tells sequences, times and counts without opening
// anything. Thread-safe. Errors of every call: those of ObjectStore; kCorrupt, naming the object.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/chunk_index.h"
#include "archive/epoch.h"
#include "archive/key.h"
#include "base/error.h"
#include "catalog/extent.h"
#include "catalog/position.h"
#include "catalog/segment_indexes.h"
#include "object/object_store.h"

namespace nats3::catalog {

// A chunk as a listing shows it.
struct ChunkRef {
  std::string key;
  std::uint64_t object_bytes = 0;
  std::string filter;  // the job's subject
  archive::ChunkName name;
};

// A chunk that was read to its end.
struct FinishedChunk {
  std::string epoch;
  ChunkRef chunk;
  bool selected_whole = false;  // the selection left out none of its messages
  // What its header names as that; not known of a chunk that wasn't opened.
  std::optional<std::uint64_t> previous;
};

struct ChunkStats {
  std::uint64_t object_bytes = 0;
  std::uint64_t content_bytes = 0;  // subjects, headers, payloads
};

// What to read of an archive.
struct Selection {
  std::string subject = ">";           // messages whose subject it matches
  std::optional<Timestamp> from_time;  // inclusive
  std::optional<Timestamp> to_time;    // inclusive
  Position after;                      // only what comes after this
  std::optional<Extent> until;         // only what was archived by then
  // The archive is being written, and will be read again after this: only up to where it is
  // complete.
  bool follow = false;
  // Chunks that `after` has passed are met again, as finished: they are to be deleted, and that may
  // have been cut short. With `follow` only, by who passes nothing unread.
  bool meet_passed = false;
};

class Catalog {
 public:
  // Errors: kInvalid for a prefix or stream name that can't be part of a key.
  static Result<std::shared_ptr<Catalog>> open(std::shared_ptr<object::ObjectStore> store,
                                               const std::string& prefix,
                                               const std::string& stream);

  [[nodiscard]] object::ObjectStore& store() const { return *store_; }
  [[nodiscard]] const archive::StreamLocation& location() const { return location_; }

  // Oldest first.
  [[nodiscard]] Result<std::vector<archive::EpochDescription>> epochs() const;
  // The description of one; nullopt: it isn't there.
  [[nodiscard]] Result<std::optional<archive::EpochDescription>> find_epoch(
      const std::string& epoch) const;
  // Writes the epoch's description, replacing what is there.
  [[nodiscard]] Result<void> put_epoch(const archive::EpochDescription& epoch) const;
  // The filters that have chunks or a watermark in `epoch`, ascending.
  [[nodiscard]] Result<std::vector<std::string>> filters(
      const archive::EpochDescription& epoch) const;

  // The last chunks of a filter by key, at most `kTailChunks`, of those whose first sequence is
  // `from` or above; and before them the one that reaches furthest, if it isn't among them.
  static constexpr std::size_t kTailChunks = 8;
  [[nodiscard]] Result<std::vector<ChunkRef>> last_chunks(const std::string& epoch,
                                                          const std::string& filter,
                                                          std::uint64_t from) const;

  // The last sequence up to which every message that `filter` selects is in the bucket, or was
  // before its chunk was deleted. `from`: the first sequence of a chunk up to which that is known,
  // or 0.
  [[nodiscard]] Result<std::uint64_t> archived_up_to(const std::string& epoch,
                                                     const std::string& filter,
                                                     std::uint64_t from) const;

  // Why a listed chunk isn't in the bucket any more. kUnavailable: a load with delete_chunks took
  // it since, or the whole epoch is gone, as when its disk was unmounted; a new listing tells what
  // there is. kCorrupt: nobody may have.
  [[nodiscard]] Error missing(const ChunkRef& chunk) const;

  // Errors: kNotFound.
  [[nodiscard]] Result<archive::ChunkIndex> index_of(const std::string& key) const;
  [[nodiscard]] Result<ChunkStats> chunk_stats(const std::string& key) const;
  // Takes note that the archive reaches up to there, whether chunks say so or not, and of what was
  // deleted, beside what had been noted. Never lowers.
  [[nodiscard]] Result<void> raise_watermark(const std::string& epoch, const std::string& filter,
                                             const archive::Watermark& to) const;
  // Of sequence 0 when there is none.
  [[nodiscard]] Result<archive::Watermark> watermark(const std::string& epoch,
                                                     const std::string& filter) const;

  // The names of the folders below `path`, which ends with a slash.
  [[nodiscard]] Result<std::vector<std::string>> folders(const std::string& path) const;

  // Up to where the archive is complete when chunks may come out of order; nullopt: they don't.
  [[nodiscard]] Result<std::optional<std::uint64_t>> complete_up_to(
      const std::string& epoch, const std::string& filter) const;
  [[nodiscard]] Result<void> put_complete(const std::string& epoch, const std::string& filter,
                                          std::uint64_t sequence) const;
  [[nodiscard]] Result<void> remove_complete(const std::string& epoch,
                                             const std::string& filter) const;

  // What the bucket has in place of a listing: without segments when there is none, or it is
  // damaged or of a newer format. Of one that didn't change only the beginning is fetched.
  [[nodiscard]] Result<std::shared_ptr<const archive::SegmentIndex>> segment_index(
      const std::string& epoch, const std::string& filter) const;
  [[nodiscard]] Result<void> put_segment_index(const archive::SegmentIndex& index) const;

  // How many messages the chunks that `selection` touches hold: an upper bound of what it selects.
  [[nodiscard]] Result<std::uint64_t> count_messages(const Selection& selection) const;

  // The chunk that a listed object is, or nullopt for something else.
  [[nodiscard]] std::optional<ChunkRef> parse_chunk(const std::string& filter,
                                                    const object::ObjectInfo& object) const;

  // Whether nats-s3-connector has archived `subject` here: see format-v1.md.
  [[nodiscard]] Result<bool> has_connector_chunks(const std::string& subject) const;

  // A sentence for somebody who asked for an archive that isn't there.
  [[nodiscard]] std::string nothing_archived() const;

 private:
  Catalog(std::shared_ptr<object::ObjectStore> store, archive::StreamLocation location)
      : store_(std::move(store)), location_(std::move(location)) {}
  Result<archive::EpochDescription> read_epoch(const std::string& epoch) const;

  std::shared_ptr<object::ObjectStore> store_;
  archive::StreamLocation location_;
  mutable SegmentIndexes indexes_;
};

// Whether a chunk can hold something that `selection` selects, by its name alone. Epochs aside.
[[nodiscard]] bool may_select(const Selection& selection, const ChunkRef& chunk);

}  // namespace nats3::catalog
