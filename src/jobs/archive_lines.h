// ArchiveLines: the messages of an archive as JSON, one a line, for who has no use for them in
// NATS:
//   {"epoch":"20261124T015425.123456789Z","seq":1,"time":"...","subject":"a.b","data":"..."}
// From "seq" on as in a chunk of codec Json. Old chunks tell neither epoch, sequence nor time, but
// when they were archived: {"archived":"...","subject":"a.b","data":"..."}.
// Not thread-safe: calls must not overlap, but may come from different threads. Blocks on the
// store.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/replay_reader.h"

namespace nats3::jobs {

class ArchiveLines {
 public:
  // How long next() looks for messages.
  static constexpr std::chrono::seconds kPatience{5};

  // The first `limit` of the messages that are selected.
  ArchiveLines(std::shared_ptr<const catalog::Catalog> catalog, const catalog::Selection& selection,
               std::uint64_t limit, const Clock& clock = Clock::system());

  // About a megabyte of lines, whole ones; "" when none was found for a while, nullopt after the
  // last. After an error it can't go on. Errors: as ArchiveReader::next().
  [[nodiscard]] Result<std::optional<std::string>> next();

 private:
  [[nodiscard]] std::string lines_of(const catalog::ReadBatch& batch);

  const std::shared_ptr<const catalog::Catalog> catalog_;
  const Clock& clock_;
  catalog::ReplayReader reader_;
  std::uint64_t left_;
};

}  // namespace nats3::jobs
