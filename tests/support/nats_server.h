// NatsServer: a nats-server with JetStream, for tests: on a free loopback port, its data in a
// folder that is removed at the end. NATS_SERVER=PATH chooses another binary.
// Belongs to one thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

namespace nats3::test {

// One of this machine that is free at the moment.
[[nodiscard]] int free_port();

class NatsServer {
 public:
  struct Options {
    std::string extra_config;  // lines for its configuration file
    std::string domain;        // of its JetStream
    bool started = true;       // false: the port is chosen, and start() starts it
  };

  // Waits until it answers. Ends the test program with a message when it doesn't within 20 s.
  NatsServer() : NatsServer(Options{}) {}
  explicit NatsServer(const Options& options);
  // Kills it by its process id and removes its data.
  ~NatsServer();
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  // nats://127.0.0.1:PORT, the same after a restart.
  [[nodiscard]] std::string url() const;
  [[nodiscard]] int port() const { return port_; }

  // Writes its configuration anew; counts from the next start on.
  void configure(const std::string& extra_config);
  void start();
  void stop();     // SIGTERM, and waits
  void kill();     // SIGKILL, and waits
  void restart();  // stop() and start(): same port, same data
  // Freezes and thaws it: connections stay open, nothing answers.
  void pause();
  void resume();

  // Where it keeps its streams.
  [[nodiscard]] std::filesystem::path data() const { return folder_ / "data"; }

  // "2.9.10"
  [[nodiscard]] static std::string version();

 private:
  void end(int signal);
  void wait_until_ready();

  std::filesystem::path folder_;
  std::string domain_;
  int port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace nats3::test
