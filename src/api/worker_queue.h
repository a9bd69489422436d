// WorkerQueue: the threads that serve connections. When all are busy and enough connections wait,
// enqueue() blocks, so that further clients wait in the kernel's bounded queue and not in memory.
// Thread-safe.
#pragma once

#include <httplib.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace nats3::api {

class WorkerQueue final : public httplib::TaskQueue {
 public:
  WorkerQueue(int threads, std::size_t max_waiting);

  void enqueue(std::function<void()> task) override;
  // Runs what is queued, then joins the threads.
  void shutdown() override;

  // Whether a connection waits for a thread.
  [[nodiscard]] bool crowded() const;

 private:
  void run();

  const std::size_t max_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace nats3::api
