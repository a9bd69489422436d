// nats3: one binary. `nats3 serve`, or the name nats3-server, is the server; the rest is the
// command line.

#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "config/config.h"
#include "server/server.h"

namespace {

// Blocks SIGINT and SIGTERM in every thread that is started after this, for wait_for_signal().
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

int serve(const std::optional<std::string>& file) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("nats3"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  const auto config =
      nats3::config::load({.file = file, .environment = nats3::config::read_environment()});
  if (!config) {
    spdlog::critical("{}", config.error().message);
    return 1;
  }
  spdlog::set_level(spdlog::level::from_str(config->log));
  for (const auto& notice : config->notices) {
    spdlog::warn("{}", notice);
  }
  const sigset_t signals = block_stop_signals();
  auto server = nats3::server::Server::start(*config, NATS3_VERSION);
  if (!server) {
    spdlog::critical("{}", server.error().message);
    return 1;
  }
  spdlog::info("nats3 {} listens on {}:{}", NATS3_VERSION, config->server.host, (*server)->port());
  int signal = 0;
  sigwait(&signals, &signal);
  spdlog::info("stopping: {}", strsignal(signal));
  (*server)->stop();
  spdlog::info("stopped");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Archives NATS JetStream streams to S3 and replays them"};
  auto* command = app.add_subcommand("serve", "Run the server");
  std::optional<std::string> file;
  command->add_option("-c,--config", file, "Configuration file, TOML or YAML");
  CLI11_PARSE(app, argc, argv);
  return serve(file);
}
