// A bucket of one archive with any number of chunks, none of which exists: keys and listings are
// computed. It counts requests, to show what planning a replay costs.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "archive/key.h"
#include "object/object_store.h"

namespace nats3::bench {

// Thread-safe, but for puts. Of what is stored the index is kept, all else is forgotten.
class SimulatedBucket final : public object::ObjectStore {
 public:
  // `chunks` chunks of kChunkMessages messages each, evenly over a year.
  explicit SimulatedBucket(std::uint64_t chunks);

  static constexpr std::uint64_t kChunkMessages = 1'000;
  [[nodiscard]] const archive::StreamLocation& location() const { return location_; }
  [[nodiscard]] const std::string& epoch() const { return epoch_; }
  [[nodiscard]] std::string filter() const;
  // The time that `share` (0 to 1) of the archive lies before.
  [[nodiscard]] Timestamp time_at(double share) const;

  [[nodiscard]] std::uint64_t requests() const { return requests_; }
  void reset_requests() { requests_ = 0; }
  // How many requests had been made when the first one was for a chunk; 0: none was.
  [[nodiscard]] std::uint64_t requests_before_chunks() const { return before_chunks_; }

  Result<void> put(const std::string& key, const object::Body& body) override;
  // A chunk can't be got: kUnavailable. So whoever plans a replay ends where the replay begins.
  Result<std::string> get(const std::string& key, std::optional<object::ByteRange> range) override;
  Result<object::ObjectInfo> head(const std::string& key) override;
  Result<object::ListPage> list(const object::ListQuery& query) override;
  Result<void> remove(const std::string& key) override;

 private:
  [[nodiscard]] std::string key_of(std::uint64_t chunk) const;
  [[nodiscard]] std::uint64_t first_after(const std::string& key) const;
  [[nodiscard]] object::ListPage list_chunks(const object::ListQuery& query) const;
  [[nodiscard]] object::ListPage list_folders(const object::ListQuery& query) const;

  const std::uint64_t chunks_;
  const archive::StreamLocation location_{.prefix = "", .stream = "orders"};
  const std::string epoch_;
  const std::string folder_;  // of the chunks
  const std::string index_key_;
  std::string index_;  // the object; "": none
  std::atomic<std::uint64_t> requests_ = 0;
  std::atomic<std::uint64_t> before_chunks_ = 0;
};

}  // namespace nats3::bench
