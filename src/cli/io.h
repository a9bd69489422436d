// Io: what a command sees of the world: streams, the terminal, variables. Tests give their own.
#pragma once

#include <cstddef>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "cli/interrupt.h"

namespace nats3::cli {

struct TerminalSize {
  std::size_t columns = 0;  // 0: not known
  std::size_t rows = 0;

  bool operator==(const TerminalSize&) const = default;
};

struct Io {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  std::size_t columns = 0;  // of the terminal; 0: not known, nothing is cut
  bool err_is_terminal = false;
  // The terminal's size as it is now, for what is redrawn. Empty: not known.
  std::function<TerminalSize()> terminal_size;
  InterruptMaker catch_interrupts = catch_signals;
  std::map<std::string, std::string> environment;

  // The variable's value, or "".
  [[nodiscard]] std::string variable(const std::string& name) const {
    const auto found = environment.find(name);
    return found == environment.end() ? "" : found->second;
  }
  [[nodiscard]] TerminalSize size_now() const {
    return terminal_size ? terminal_size() : TerminalSize{};
  }
  // Source: https://no-color.org
  [[nodiscard]] bool colors() const { return out_is_terminal && variable("NO_COLOR").empty(); }
};

// What the process ends with. docs/cli.md tells users.
enum class ExitCode { kOk = 0, kFailed = 1, kUsage = 2 };

struct Failure {
  ExitCode code = ExitCode::kFailed;
  std::string message;
};

using Outcome = tl::expected<void, Failure>;

[[nodiscard]] inline tl::unexpected<Failure> usage(std::string message) {
  return tl::unexpected(Failure{ExitCode::kUsage, std::move(message)});
}
[[nodiscard]] inline tl::unexpected<Failure> failed(std::string message) {
  return tl::unexpected(Failure{ExitCode::kFailed, std::move(message)});
}
[[nodiscard]] inline tl::unexpected<Failure> failed(const Error& error) {
  return tl::unexpected(Failure{ExitCode::kFailed, error.message});
}

}  // namespace nats3::cli
