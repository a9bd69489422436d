// Client: a connection to NATS that many share. A link that is lost stays lost; a thread of the
// client then opens another one.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <random>
#include <thread>

#include "base/backoff.h"
#include "base/clock.h"
#include "nats/connection_options.h"
#include "nats/link.h"

namespace nats3::nats {

class Client {
 public:
  // Begins to connect, and goes on trying in the background. Returns once the first attempt has
  // ended, or has taken a second. Errors: kInvalid (options).
  static Result<std::shared_ptr<Client>> make(ConnectionOptions options);

  // Waits for an attempt to connect that is under way.
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The link to use now. After a loss it waits for the first attempt to open another, which can
  // take as long as Channel::open. Errors: kUnavailable, kDenied: why there is none.
  [[nodiscard]] Result<std::shared_ptr<Link>> link() const;

  // Whether NATS is connected, and why not. Never blocks for long.
  [[nodiscard]] Result<void> status() const;

  [[nodiscard]] const ConnectionOptions& options() const { return options_; }

 private:
  // Outlives the client in links that others still hold.
  struct Shared {
    std::mutex mutex;
    std::condition_variable changed;
  };

  explicit Client(ConnectionOptions options);
  Result<std::shared_ptr<Link>> open() const;
  void run();
  void drop(std::unique_lock<std::mutex>& lock);
  void take(Result<std::shared_ptr<Link>> opened);
  [[nodiscard]] Result<void> up() const;

  const ConnectionOptions options_;
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
  // Under the shared mutex.
  std::shared_ptr<Link> link_;
  Error failure_;          // why there is no link
  bool failing_ = false;   // the last attempt failed, or its link was lost soon
  bool unusable_ = false;  // it failed of its options
  bool closing_ = false;
  // Of the thread.
  MonotonicTime opened_;
  Backoff backoff_{
      {.first = std::chrono::milliseconds{100}, .cap = std::chrono::milliseconds{1'000}},
      std::random_device{}()};
  std::thread thread_;
};

}  // namespace nats3::nats
