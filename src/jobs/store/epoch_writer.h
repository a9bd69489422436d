// EpochWriter: writes the description of an epoch, stream.json, to which all store jobs of a stream
// add something: mostly in the same moment, when a new epoch begins, and on several servers.
//
// An object store has no compare-and-set. So whoever adds something notes the whole description in
// the key-value bucket first, in an entry of the stream's archive, together with what others have
// noted and what is in the object store; puts it; and looks at the entry again. If others have
// noted more meanwhile, it may have replaced what they put, and does it all again. So what is put
// last has everything, in whatever order and however late the steps of each come.
//
// The archive itself doesn't depend on the entry, which may be gone. One that was left by an
// archive that was deleted since must not be believed: it counts only if the description is there.
// If it isn't, nobody who has noted something has come to an end, and the entry asks them to note
// it again.
//
// Thread-safe; blocks on NATS and the object store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/epoch.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "nats/broker.h"

namespace nats3::jobs {

class EpochWriter {
 public:
  // `bucket`: the name of the one that `catalog` is in. All outlive this.
  EpochWriter(nats::KeyValue& kv, const catalog::Catalog& catalog, const std::string& bucket);

  // Sees to it that the description in the object store has all that `epoch` has, and what others
  // have noted. Gives what is there then. `epochs`: all that are in the object store, as they were
  // read; nothing is written when the one of that name has it all. What is there wins over `epoch`
  // in all but `filters` and `parent_last_sequences`, which have what either has.
  // Errors: those of KeyValue and ObjectStore; kUnavailable, too, when another job has begun a
  // later epoch, or one of that name for another life of the stream.
  [[nodiscard]] Result<archive::EpochDescription> write(
      const archive::EpochDescription& epoch,
      const std::vector<archive::EpochDescription>& epochs) const;

 private:
  // What the entry has of the epoch that is written.
  struct Noted {
    std::optional<archive::EpochDescription> epoch;
    bool asks = false;           // whoever has noted part of it is to note it again
    std::uint64_t revision = 0;  // of the entry; 0: there is none
  };

  [[nodiscard]] Result<Noted> noted(const std::string& epoch) const;
  [[nodiscard]] Result<void> check_not_begun(const std::string& later) const;
  [[nodiscard]] Result<void> ask(Noted& noted) const;
  [[nodiscard]] Result<void> merge(archive::EpochDescription& all, Noted& noted) const;
  [[nodiscard]] Result<void> note(const archive::EpochDescription& all, Noted& noted) const;
  [[nodiscard]] Result<void> write_once(archive::EpochDescription& all, Noted& noted) const;

  nats::KeyValue& kv_;
  const catalog::Catalog& catalog_;
  const std::string key_;
};

}  // namespace nats3::jobs
