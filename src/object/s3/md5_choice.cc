#include "object/s3/md5_choice.h"

namespace nats3::object {
namespace {

constexpr int kMaxUnclear = 3;

}  // namespace

Md5Choice::Way Md5Choice::next(std::size_t bytes) {
  if (bytes < kLargeBody) {
    return Way::kWithMd5;
  }
  const std::lock_guard lock(mutex_);
  if (known_ == Known::kNothing) {
    known_ = Known::kTrying;
    return Way::kTrial;
  }
  return known_ == Known::kChecksHashes ? Way::kWithoutMd5 : Way::kWithMd5;
}

void Md5Choice::tried(Trial trial) {
  const std::lock_guard lock(mutex_);
  if (trial == Trial::kUnclear) {
    known_ = ++unclear_ < kMaxUnclear ? Known::kUnclear : Known::kNeedsMd5;
  } else {
    known_ = trial == Trial::kRefused ? Known::kChecksHashes : Known::kNeedsMd5;
  }
}

void Md5Choice::stored(std::size_t bytes) {
  if (bytes < kLargeBody) {
    return;
  }
  const std::lock_guard lock(mutex_);
  if (known_ == Known::kUnclear) {
    known_ = Known::kNothing;
  }
}

void Md5Choice::wanted() {
  const std::lock_guard lock(mutex_);
  known_ = Known::kNeedsMd5;
}

}  // namespace nats3::object
