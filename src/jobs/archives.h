// Archives: the ArchiveService of a server, over its object stores. What one call may ask of them
// is bounded, since a bucket may hold anything, and so is how many calls there are at a time.
#pragma once

#include <memory>
#include <semaphore>
#include <stop_token>
#include <string>
#include <utility>

#include "jobs/archive_service.h"
#include "object/object_store.h"

namespace nats3::jobs {

class Archives final : public ArchiveService {
 public:
  // `stores` outlives this.
  explicit Archives(object::ObjectStoreProvider& stores) : stores_(stores) {}

  // Errors: as ArchiveService; kUnavailable as well, while as many are under way as may be.
  Result<catalog::BucketContents> streams(const std::string& bucket,
                                          const std::string& prefix) override;
  Result<catalog::StreamContents> stream(const std::string& bucket, const std::string& prefix,
                                         const std::string& stream) override;
  // It takes the place of one of kMostReaders until it is destroyed. What it asks the store isn't
  // bounded.
  Result<Lines> read(const std::string& bucket, const std::string& prefix,
                     const std::string& stream, const catalog::Selection& selection,
                     std::uint64_t limit) override;
  Result<catalog::Pruned> prune(const std::string& bucket, const std::string& prefix,
                                const std::string& stream, Timestamp before, bool dry_run) override;

  // Ends what is under way after its next request, and all that comes, with kCancelled.
  void stop() { stop_.request_stop(); }

  static constexpr int kMostAtOnce = 4;  // of those that look for what there is
  static constexpr int kMostReaders = 4;
  static constexpr std::size_t kMostRequests = 2'000;  // of one call
  static constexpr std::size_t kMostPruned = 500;      // chunks, by one call

 private:
  template <typename Look>
  auto look_into(const std::string& bucket, const Look& look)
      -> decltype(look(std::shared_ptr<object::ObjectStore>()));
  template <typename Act>
  auto look_into_stream(const std::string& bucket, const std::string& prefix,
                        const std::string& stream, const Act& act)
      -> decltype(act(std::declval<const catalog::Catalog&>()));

  object::ObjectStoreProvider& stores_;
  std::stop_source stop_;
  std::counting_semaphore<kMostAtOnce> turns_{kMostAtOnce};
  std::counting_semaphore<kMostReaders> readers_{kMostReaders};
};

}  // namespace nats3::jobs
