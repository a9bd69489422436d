// Membership: this server among those that share the jobs, and its lease.
//
// A server holds its jobs for as long as its lease: one entry in a key-value bucket whose entries
// go by themselves after kLifetime, renewed every kRenewal. The server counts from before it asked,
// on its monotonic clock, and takes the lease for lost at kUsable, earlier than the bucket can. So
// whoever finds the entry gone knows that its owner has stopped by then, but for one whose process
// or clock stood still: that one is kept out by the fence in each job's record (see job_record.h).
//
// Threads: renew() and leave() one at a time, the others from any.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/executor.h"
#include "nats/broker.h"

namespace nats3::jobs {

struct ServerInfo {
  // Stays over restarts where no second process can have it; see server/identity.h.
  std::string id;
  std::string name;  // for people: host and address
  std::string version;
  Timestamp started;
  bool operator==(const ServerInfo&) const = default;
};

// What work is done under. Thread-safe.
class Lease {
 public:
  virtual ~Lease() = default;
  // Whether this server may still upload and publish. Quick.
  [[nodiscard]] virtual bool held() const = 0;
  // Why it couldn't be renewed the last time; "" when it could.
  [[nodiscard]] virtual std::string trouble() const { return ""; }
  // Whether `server`, another one, was seen to renew its lease a moment ago, so that what it has
  // put on record still holds. Quick.
  [[nodiscard]] virtual bool renews(const std::string& server) const {
    static_cast<void>(server);
    return false;
  }
};

class Membership final : public Lease {
 public:
  static constexpr std::chrono::milliseconds kLifetime{8'000};  // of an entry in the bucket
  static constexpr std::chrono::milliseconds kUsable{6'000};
  static constexpr std::chrono::milliseconds kRenewal{2'000};
  // A server that lives is seen to renew its lease within this: twice kRenewal, as one looks that
  // often too, and a second for NATS.
  static constexpr std::chrono::milliseconds kSeenRenewing{5'000};

  // `kv`: the bucket of leases, with kLifetime as the greatest age. Both outlive this.
  Membership(nats::KeyValue& kv, const Clock& clock, ServerInfo self);

  // Renews the lease and looks who else is there. Call every kRenewal.
  // Errors: kUnavailable; kConflict: another process took this server's identity, for good.
  [[nodiscard]] Result<void> renew();
  // Ends the lease, so that others needn't wait for it. Best effort.
  void leave();

  [[nodiscard]] bool held() const override;
  [[nodiscard]] std::string trouble() const override;
  [[nodiscard]] bool renews(const std::string& server) const override;
  [[nodiscard]] const ServerInfo& self() const { return self_; }
  // Those with a lease when it was last renewed, this one included, in order of their ids.
  [[nodiscard]] std::vector<ServerInfo> servers() const;
  // Since when the lease has been held without a gap; what others did before can't be told.
  // nullopt: it isn't held.
  [[nodiscard]] std::optional<MonotonicTime> held_since() const;

 private:
  // The entry of another server, and when it was first seen so; nullopt: it was there at the first
  // look, and may be as old as it can be.
  struct Seen {
    std::uint64_t revision = 0;
    std::optional<MonotonicTime> since;
  };

  void take_in(const std::vector<nats::KvEntry>& entries, MonotonicTime looking);
  [[nodiscard]] Result<void> put();
  [[nodiscard]] std::string next_entry();

  nats::KeyValue& kv_;
  const Clock& clock_;
  const ServerInfo self_;
  const std::string key_;
  const std::string nonce_;  // of this process
  std::uint64_t renewals_ = 0;
  std::uint64_t revision_ = 0;  // of our entry; 0: none yet
  bool replaced_ = false;

  // 0: the lease isn't held.
  std::atomic<MonotonicTime::rep> usable_until_{0};
  mutable std::mutex mutex_;
  MonotonicTime held_since_;
  std::vector<ServerInfo> servers_;
  std::map<std::string, Seen> seen_;
  bool looked_ = false;
  std::string trouble_;
};

}  // namespace nats3::jobs
