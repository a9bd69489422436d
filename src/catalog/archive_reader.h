// ArchiveReader: the messages of one stream's archive in order, each once, however the chunks that
// hold them overlap.
//
// Within an epoch messages come by ascending sequence, merged from all filters; epochs follow each
// other by name. Chunks are opened when their turn comes, and only the frames that can hold
// something selected are fetched and checked: none, where the index says that no message has a
// subject that is selected. Not thread-safe: calls must not overlap, but may come
// from different threads. Blocks on the store.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/chunk_reader.h"
#include "archive/message.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/chunk_cursor.h"
#include "catalog/chunk_lister.h"
#include "catalog/coverage.h"

namespace nats3::catalog {

enum class OnDamage {
  kFail,  // stop with an error that names the chunk
  kSkip,  // leave out what is left of the chunk, and count it
};

// Messages and the memory they view.
struct ReadBatch {
  std::string epoch;                       // or the place of a version-1 chunk: see v1_place.h
  std::vector<archive::Message> messages;  // selected, ascending
  Position position;                       // just after it
  std::uint64_t bytes = 0;                 // of memory, about
  std::uint64_t read_bytes = 0;            // fetched from the store
  std::string v1_key;                      // of the version-1 chunk that they are from
  std::vector<FinishedChunk> finished;
  std::uint64_t skipped_chunks = 0;
  std::vector<std::string> damage;  // what is wrong with these
  std::vector<std::shared_ptr<const void>> storage;
};

class ArchiveReader {
 public:
  // `catalog` outlives the reader.
  ArchiveReader(const Catalog& catalog, Selection selection, OnDamage on_damage);

  // The next messages, or nullopt after the last. A batch may be without messages, when what was
  // read held nothing selected. What was read before an error comes first. After an error this
  // reader can't go on: make another one that reads after the last batch. Errors: those of
  // ObjectStore; kCorrupt for a damaged chunk, one that is missing, or two that hold different
  // messages under one sequence.
  [[nodiscard]] Result<std::optional<ReadBatch>> next();

 private:
  Result<bool> fill(ReadBatch& batch);
  void keep_good(ReadBatch& batch) const;
  Result<bool> open_epoch();
  Result<void> open_epoch(const archive::EpochDescription& epoch);
  Result<bool> open_due_chunks(ReadBatch& batch);
  void finish(const ChunkCursor& cursor, ReadBatch& batch);
  Result<void> open_chunk(const ChunkRef& chunk, ReadBatch& batch);
  [[nodiscard]] Result<void> check_predecessor(const ChunkCursor& cursor);
  [[nodiscard]] bool selects_whole(const ChunkCursor& cursor) const;
  [[nodiscard]] bool selects(const archive::Message& message) const;
  [[nodiscard]] std::uint64_t floor_of(const std::string& filter) const;
  [[nodiscard]] Coverage& covered_by(const std::string& filter);
  [[nodiscard]] bool is_passed(const ChunkRef& chunk) const;
  [[nodiscard]] bool was_read(const archive::Message& message) const;
  [[nodiscard]] Position position() const;
  Result<void> read_run(ReadBatch& batch);
  Result<void> drop_repeated(std::size_t chosen, ReadBatch& batch);
  Result<void> step(std::size_t index, ReadBatch& batch);
  Result<void> on_damage(const Error& error, const ChunkRef& chunk, ReadBatch& batch);
  void pass_over(const ChunkRef& chunk);

  const Catalog& catalog_;
  const Selection selection_;
  const OnDamage on_damage_;

  std::optional<std::deque<archive::EpochDescription>> epochs_;  // still to be read
  std::optional<std::string> epoch_;                             // being read
  archive::EpochDescription description_;                        // of that epoch
  std::map<std::string, std::uint64_t>
      reached_;  // by earlier readers, when they were in this epoch
  std::optional<ChunkLister> lister_;
  std::vector<Coverage> covered_;
  std::vector<ChunkCursor> cursors_;  // open chunks, each at its next message
  std::uint64_t last_sequence_ = 0;
  std::uint64_t passed_over_ = 0;  // the last of the chunks that were read to their ends
  std::string batch_epoch_;        // of the batch being filled
  std::optional<Error> failed_;    // why the next batch can't be read
};

}  // namespace nats3::catalog
