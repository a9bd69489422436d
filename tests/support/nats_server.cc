#include "tests/support/nats_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string_view>

#include "tests/support/eventually.h"

namespace nats3::test {
namespace {

class Socket {
 public:
  Socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() { ::close(fd_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

// Whether a server greets there with "INFO {" and has its JetStream up.
bool answers(int port) {
  const Socket socket;
  const sockaddr_in address = loopback(port);
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return false;
  }
  std::array<char, 4096> buffer{};
  const ssize_t count = ::recv(socket.fd(), buffer.data(), buffer.size(), 0);
  const std::string_view greeting(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  return greeting.starts_with("INFO {") && greeting.find("\"jetstream\":true") != greeting.npos;
}

const char* binary() {
  const char* path = std::getenv("NATS_SERVER");
  return path != nullptr && *path != '\0' ? path : "nats-server";
}

[[noreturn]] void give_up(const std::string& why) {
  std::cerr << "NatsServer: " << why << std::endl;
  std::abort();
}

}  // namespace

int free_port() {
  const Socket socket;
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof(address);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (::bind(socket.fd(), raw, length) != 0 || ::getsockname(socket.fd(), raw, &length) != 0) {
    return 0;
  }
  return ntohs(address.sin_port);
}

NatsServer::NatsServer(const Options& options) : domain_(options.domain), port_(free_port()) {
  std::string pattern = std::filesystem::temp_directory_path() / "nats3-nats-XXXXXX";
  if (port_ == 0 || ::mkdtemp(pattern.data()) == nullptr) {
    give_up("no free port or no temporary folder");
  }
  folder_ = pattern;
  configure(options.extra_config);
  if (options.started) {
    start();
  }
}

NatsServer::~NatsServer() {
  kill();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void NatsServer::configure(const std::string& extra_config) {
  std::ofstream config(folder_ / "server.conf");
  config << "listen: \"127.0.0.1:" << port_ << "\"\n"
         << "jetstream {store_dir: \"" << (folder_ / "data").string() << '"'
         << (domain_.empty() ? "" : ", domain: " + domain_) << "}\n"
         << extra_config << "\n";
}

std::string NatsServer::url() const { return "nats://127.0.0.1:" + std::to_string(port_); }

void NatsServer::start() {
  const std::string config = folder_ / "server.conf";
  const std::string log = folder_ / "server.log";
  pid_ = ::fork();
  if (pid_ < 0) {
    give_up("can't fork");
  }
  if (pid_ == 0) {
    const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
    ::dup2(fd, STDOUT_FILENO);
    ::dup2(fd, STDERR_FILENO);
    ::execlp(binary(), binary(), "-c", config.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  wait_until_ready();
}

void NatsServer::wait_until_ready() {
  const bool ready = eventually(
      [&] {
        if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
          give_up(std::string(binary()) + " ended at once: see " +
                  (folder_ / "server.log").string());
        }
        return answers(port_);
      },
      std::chrono::seconds{20});
  if (!ready) {
    give_up(std::string(binary()) + " doesn't answer");
  }
}

void NatsServer::end(int signal) {
  if (pid_ <= 0) {
    return;
  }
  ::kill(pid_, signal);
  ::kill(pid_, SIGCONT);  // for one that is paused, which does nothing more when it is killed
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void NatsServer::stop() { end(SIGTERM); }
void NatsServer::kill() { end(SIGKILL); }
void NatsServer::restart() {
  stop();
  start();
}
// A signal takes its time, and the server would do what is asked meanwhile.
void NatsServer::pause() {
  ::kill(pid_, SIGSTOP);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WSTOPPED | WEXITED | WNOWAIT);
}
void NatsServer::resume() { ::kill(pid_, SIGCONT); }

std::string NatsServer::version() {
  const std::string command = std::string("'") + binary() + "' --version";
  std::string text;
  if (FILE* pipe = ::popen(command.c_str(), "r")) {
    std::array<char, 128> buffer{};
    while (::fgets(buffer.data(), buffer.size(), pipe) != nullptr) {
      text += buffer.data();
    }
    ::pclose(pipe);
  }
  const std::size_t v = text.rfind('v');
  return v == text.npos ? text : text.substr(v + 1, text.find_last_not_of("\r\n ") - v);
}

}  // namespace nats3::test
