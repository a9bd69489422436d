// Md5Choice: whether a body goes with a Content-MD5, beside the SHA-256 that its request is signed
// with.
//
// S3 compares a body with both; some that speak S3 compare it with the MD5 only. MD5 is a tenth of
// the CPU of a store to S3, and says nothing that a checked SHA-256 doesn't. So one large body is
// tried with its MD5 and a SHA-256 that isn't its own: a server that refuses it checks them, and
// gets no MD5 from then on; one that takes it has stored what was to be stored, and gets an MD5
// with each body. Nothing but that object is put, and no further right is needed.
//
// Thread-safe.
#pragma once

#include <cstddef>
#include <mutex>

namespace nats3::object {

class Md5Choice {
 public:
  enum class Way {
    kWithMd5,
    kWithoutMd5,
    kTrial,  // with it, and a SHA-256 that isn't the body's; its end is told to tried()
  };
  enum class Trial {
    kRefused,  // because of the SHA-256
    kTaken,
    kUnclear,  // another answer, or none
  };

  // Below, an MD5 costs nothing.
  static constexpr std::size_t kLargeBody = std::size_t{64} << 10;

  // How to send a body of `bytes`. There is one trial at a time. After one that was unclear there
  // is another when the server is well again, as stored() tells; after three of them there is none.
  [[nodiscard]] Way next(std::size_t bytes);
  void tried(Trial trial);
  // A body was stored, with its MD5.
  void stored(std::size_t bytes);
  // It was refused without an MD5, and stored with it: from here on each body has one.
  void wanted();

 private:
  enum class Known { kNothing, kTrying, kUnclear, kChecksHashes, kNeedsMd5 };

  std::mutex mutex_;
  Known known_ = Known::kNothing;
  int unclear_ = 0;  // trials
};

}  // namespace nats3::object
