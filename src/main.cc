// nats3: one binary. `nats3 serve`, or the name nats3-server, is the server; the rest is the
// command line. Here they are given the process: arguments, streams, signals, the log.

#include <malloc.h>
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "cli/app.h"
#include "config/config.h"
#include "server/server.h"

namespace {

// Blocks SIGINT and SIGTERM in every thread that is started after this, for wait_for_stop().
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

// A signal's default action isn't taken for process 1, which the server is in a container.
extern "C" void leave_at_once(int signal) { std::_Exit(128 + signal); }

// Returns at the first of `signals`. Another one ends the process at once, in case stopping hangs.
void wait_for_stop(const sigset_t& signals) {
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stopping: {}", strsignal(signal));
  ::signal(SIGINT, leave_at_once);
  ::signal(SIGTERM, leave_at_once);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

// One line an event, to standard error.
void set_up_log() {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("nats3"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
}

// Longer than the jobs get to write what they hold.
constexpr std::chrono::seconds kStopLimit{20};

// A request that hangs must not keep the process: what is under way is given up, as in a crash.
void leave_after(std::chrono::seconds limit) {
  std::thread([limit] {
    std::this_thread::sleep_for(limit);
    spdlog::warn("stopped with a request to NATS or the object store still under way");
    std::_Exit(EXIT_SUCCESS);
  }).detach();
}

std::string place_of_archives(const nats3::config::S3Config& s3) {
  return !s3.folder.empty()     ? s3.folder
         : !s3.endpoint.empty() ? nats3::config::without_credentials(s3.endpoint)
                                : "AWS, " + s3.region;
}

int serve(const nats3::cli::ServeArguments& arguments) {
  set_up_log();
  const auto config = nats3::config::load(
      {.file = arguments.config_file, .environment = nats3::config::read_environment()});
  if (!config) {
    spdlog::critical("{}", config.error().message);
    return EXIT_FAILURE;
  }
  for (const auto& notice : config->notices) {
    spdlog::warn("{}", notice);
  }
  if (arguments.check) {
    std::cout << nats3::config::describe(*config);
    return EXIT_SUCCESS;
  }
  spdlog::set_level(spdlog::level::from_str(config->log));
  ::signal(SIGPIPE, SIG_IGN);  // a client that went away is an error of its write, not ours
  const sigset_t signals = block_stop_signals();
  auto server = nats3::server::Server::start(*config, NATS3_VERSION);
  if (!server) {
    spdlog::critical("{}", server.error().message);
    return EXIT_FAILURE;
  }
  spdlog::info("nats3 {} listens on {}:{}{}", NATS3_VERSION, config->server.host, (*server)->port(),
               config->server.cert.empty() ? "" : " (TLS)");
  spdlog::info("jobs are in bucket {} of NATS at {}, archives in {}", config->nats.bucket,
               nats3::config::without_credentials(config->nats.url), place_of_archives(config->s3));
  wait_for_stop(signals);
  leave_after(kStopLimit);
  (*server)->stop();
  spdlog::info("stopped");
  return EXIT_SUCCESS;
}

// The size of the terminal that `descriptor` is, 0 when it isn't one.
nats3::cli::TerminalSize terminal_size(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0) {
    return {};
  }
  return {.columns = size.ws_col, .rows = size.ws_row};
}

// Of the terminal that what is redrawn goes to.
nats3::cli::TerminalSize live_size() {
  const auto size = terminal_size(STDOUT_FILENO);
  return size.columns > 0 ? size : terminal_size(STDERR_FILENO);
}

nats3::cli::Io make_io() {
  nats3::cli::Io io{.in = std::cin,
                    .out = std::cout,
                    .err = std::cerr,
                    .out_is_terminal = ::isatty(STDOUT_FILENO) == 1,
                    .columns = terminal_size(STDOUT_FILENO).columns,
                    .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
                    .terminal_size = live_size,
                    .environment = {}};
  for (const char* name : {"HOME", "XDG_CONFIG_HOME", "NO_COLOR", "NATS3_SERVER_URL"}) {
    if (const char* const value = std::getenv(name)) {
      io.environment.emplace(name, value);
    }
  }
  return io;
}

// Messages are allocated by the threads of connections and freed by those of jobs. With an arena
// for each of these, malloc keeps memory that is free in one and wanted in another; measured,
// sharing two arenas takes a third off the server's peak and costs no speed.
void share_malloc_arenas() { mallopt(M_ARENA_MAX, 2); }

}  // namespace

int main(int argc, char** argv) {
  share_malloc_arenas();
  try {
    nats3::cli::Io io = make_io();
    return nats3::cli::run(std::vector<std::string>(argv, argv + argc),
                           {.io = io, .version = NATS3_VERSION, .serve = serve});
  } catch (const std::exception& error) {
    std::cerr << "nats3: " << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
