// Verifier: reads all of one stream's archive and says what is wrong with it.
//
// It goes through the objects of the stream in order of their keys, which is the order of epochs,
// filters and sequences, one object at each call. So how far it has come is told by a key and a few
// numbers, and another verifier can go on from there. Nothing is changed.
// Not thread-safe: calls must not overlap, but may come from different threads. Blocks on the
// store. Takes memory for one object, and for one decoded frame of it.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "archive/chunk_index.h"
#include "archive/epoch.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/filter_folder.h"
#include "catalog/object_check.h"
#include "catalog/stream_walk.h"
#include "catalog/verify_step.h"

namespace nats3::catalog {

class Verifier {
 public:
  // Goes on after `from`. `catalog` outlives the verifier. Chunks outside of `window` aren't read:
  // of these only the keys count. An old chunk tells when it begins, and counts as of that second.
  Verifier(const Catalog& catalog, VerifyPosition from, VerifyWindow window = {});

  // The next object that is read, or nullopt after the last; a step without one after many that
  // weren't. After an error it may be called again.
  // Errors: those of ObjectStore.
  [[nodiscard]] Result<std::optional<VerifyStep>> next();

 private:
  // What looking at an object came to: others may have been put before it since it was listed.
  enum class Look { kDone, kOutside, kOthersCameFirst };

  Result<Look> look_at(const object::ObjectInfo& object, VerifyStep& step);
  Result<Look> look_at_chunk(const object::ObjectInfo& object,
                             const archive::ChunkLocation& location, VerifyStep& step);
  Result<void> look_at_removed(const ChunkRef& chunk, VerifyStep& step);
  Result<void> enter(const archive::ChunkLocation& location, VerifyStep& step);
  Result<void> enter_epoch(const std::string& epoch, VerifyStep& step);
  Result<Look> check_predecessor(const ChunkRef& chunk, const archive::ChunkIndex& index,
                                 VerifyStep& step);
  void report_flaw(const ChunkRef& chunk, const ChunkVerdict& verdict, VerifyStep& step) const;
  [[nodiscard]] Lost lost_by_name(const ChunkRef& chunk) const;
  void report_gap(const ChunkRef& chunk, std::uint64_t previous, VerifyStep& step) const;
  [[nodiscard]] std::uint64_t covered() const;
  Result<void> check_overlaps(const ChunkRef& chunk, VerifyStep& step);
  Result<void> compare(const ChunkRef& earlier, const ChunkRef& chunk, VerifyStep& step) const;
  void pass(const ChunkRef& chunk);

  const Catalog& catalog_;
  StreamWalk walk_;
  VerifyPosition position_;
  VerifyWindow window_;
  std::optional<archive::EpochDescription> epoch_;
  std::optional<FilterFolder> folder_;
  std::deque<ChunkRef> reaching_;
};

}  // namespace nats3::catalog
