// MemoryBudget: so many bytes for several who share them. It refuses nobody: each tells what it
// holds, and asks whether more may be taken. Thread-safe; a Share belongs to one thread at a time.
#pragma once

#include <atomic>
#include <cstdint>

namespace nats3 {

class MemoryBudget {
 public:
  explicit MemoryBudget(std::uint64_t bytes) : bytes_(bytes) {}

  [[nodiscard]] bool has_room() const { return held_ < bytes_; }
  // By all together.
  [[nodiscard]] std::uint64_t held() const { return held_; }

  // What one of them holds, until it ends.
  class Share {
   public:
    explicit Share(MemoryBudget& budget) : budget_(budget) {}
    ~Share() { hold(0); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    // Of the budget.
    [[nodiscard]] bool has_room() const { return budget_.has_room(); }
    [[nodiscard]] std::uint64_t held() const { return held_; }
    void hold(std::uint64_t bytes) {
      budget_.held_ += bytes - held_;  // modulo 2^64, when it is less
      held_ = bytes;
    }

   private:
    MemoryBudget& budget_;
    std::uint64_t held_ = 0;
  };

 private:
  const std::uint64_t bytes_;
  std::atomic<std::uint64_t> held_ = 0;
};

}  // namespace nats3
