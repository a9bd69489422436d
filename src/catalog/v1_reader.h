// V1Reader: the messages of a stream's version-1 chunks, which nats-s3-connector wrote.
//
// Chunks come by earliest timestamp, then by latest. Their keys have whole seconds only, so all
// chunks of a second are opened before the first of them is read; what is decoded is kept up to a
// limit, and the rest read again in its turn. Each chunk is read whole and checked whole.
// Not thread-safe: calls must not overlap, but may come from different threads. Blocks on the
// store.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "archive/v1_chunk.h"
#include "base/error.h"
#include "catalog/archive_reader.h"
#include "catalog/catalog.h"
#include "catalog/v1_folders.h"
#include "catalog/v1_lister.h"

namespace nats3::catalog {

class V1Reader {
 public:
  static constexpr std::size_t kKeptBytes = std::size_t{64} << 20;

  // `catalog` outlives the reader. `kept_bytes`: of the objects of one second that stay decoded
  // until their turn.
  V1Reader(const Catalog& catalog, Selection selection, OnDamage on_damage,
           std::size_t kept_bytes = kKeptBytes);

  // As ArchiveReader::next(). A batch is of one chunk: its `epoch` is the chunk's place, and its
  // messages' sequences are their places in the chunk. Errors: those of ObjectStore; kInvalid when
  // two folders may hold the same messages; kCorrupt for a damaged chunk, one that vanished, or one
  // whose key says something else.
  [[nodiscard]] Result<std::optional<ReadBatch>> next();

 private:
  // A chunk of the second being read.
  struct Upcoming {
    V1ChunkRef ref;
    std::string place;
    std::shared_ptr<const archive::V1Chunk> chunk;  // null: to be read again, or damaged
    std::string damage;  // what is wrong with it; "": nothing that is known
  };

  Result<void> open();
  Result<bool> open_second();
  Result<void> look_at(const V1ChunkRef& ref, std::size_t& kept);
  Result<archive::V1Chunk> fetch(const V1ChunkRef& ref);
  Result<void> begin_chunk();
  [[nodiscard]] bool selects(const archive::Message& message) const;
  [[nodiscard]] bool was_read(const archive::Message& message) const;
  ReadBatch read_some();
  ReadBatch leave_out_damaged();

  const Catalog& catalog_;
  const Selection selection_;
  const OnDamage on_damage_;
  const std::size_t kept_bytes_;

  V1Choice choice_ = V1Choice::kNamed;
  std::optional<V1Lister> lister_;
  std::deque<Upcoming> second_;         // by place; the first is being read
  std::optional<std::size_t> message_;  // the next one of the first; absent before it is begun
  bool whole_ = true;                   // nothing of it was left out so far
  std::uint64_t read_bytes_ = 0;        // fetched, and not yet told by a batch
};

}  // namespace nats3::catalog
