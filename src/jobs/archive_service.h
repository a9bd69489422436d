// ArchiveService: what one can ask about archives, beside the jobs that write and read them. The
// API speaks to this; Archives is it.
//
// Thread-safe; blocks on the object store. `prefix`: as people write it, with slashes at its ends
// or without. Errors of every call: kNotFound for a bucket that isn't there; kInvalid for a bucket,
// prefix or stream that can't be one, and for too much to be counted; kUnavailable, kDenied,
// kCorrupt.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "catalog/catalog.h"
#include "catalog/contents.h"
#include "catalog/prune.h"

namespace nats3::jobs {

class ArchiveService {
 public:
  // Messages as text, some more with each call: see ArchiveLines::next(). Must not outlive the
  // service.
  using Lines = std::function<Result<std::optional<std::string>>()>;

  virtual ~ArchiveService() = default;

  virtual Result<catalog::BucketContents> streams(const std::string& bucket,
                                                  const std::string& prefix) = 0;
  // Errors: kNotFound as well, when nothing is archived of it.
  virtual Result<catalog::StreamContents> stream(const std::string& bucket,
                                                 const std::string& prefix,
                                                 const std::string& stream) = 0;
  // The first `limit` messages that are selected. Of `selection.after` epoch and sequence are
  // taken, whatever the subject. Errors: kNotFound as well, when nothing is archived of it, or
  // there is no such epoch.
  virtual Result<Lines> read(const std::string& bucket, const std::string& prefix,
                             const std::string& stream, const catalog::Selection& selection,
                             std::uint64_t limit) = 0;
  // Removes chunks without a message of `before` or later, or with `dry_run` says what that would
  // remove. `more` when there is more than one call does: call again. Errors: kNotFound as well,
  // when nothing is archived of it; kInvalid for a `before` in the future.
  virtual Result<catalog::Pruned> prune(const std::string& bucket, const std::string& prefix,
                                        const std::string& stream, Timestamp before,
                                        bool dry_run) = 0;
};

}  // namespace nats3::jobs
