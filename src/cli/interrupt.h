// Interrupt: Ctrl-C as something to wait for, so that a command that goes on until then can leave
// the terminal in order and end well.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace nats3::cli {

class Interrupt {
 public:
  virtual ~Interrupt() = default;
  // Waits until the user interrupts (true, also when that was before) or `time` has passed (false).
  [[nodiscard]] virtual bool wait_for(std::chrono::nanoseconds time) = 0;
};

// Makes an Interrupt; `on_interrupt` is called at the first one, from another thread.
using InterruptMaker = std::function<std::unique_ptr<Interrupt>(std::function<void()>)>;

// Catches SIGINT and SIGTERM of the process for as long as what it returns lives: they are blocked
// in the calling thread, so that threads it started before must have them blocked as well.
[[nodiscard]] std::unique_ptr<Interrupt> catch_signals(std::function<void()> on_interrupt);

}  // namespace nats3::cli
