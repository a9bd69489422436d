// What the tests of the command line stand on: a server that records what it's asked and answers as
// told, and a run of the command line against it.
#pragma once

#include <gtest/gtest.h>
#include <httplib.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/json.h"
#include "cli/app.h"

namespace nats3::cli {

class FakeServer {
 public:
  FakeServer() {
    const auto answer = [this](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
      auto& next = answers_[request.method + " " + request.path];
      const Answer given = next.empty() ? otherwise_ : next.front();
      if (next.size() > 1) {
        next.pop_front();
      }
      response.status = given.status;
      if (given.lines.empty()) {
        response.set_content(given.body, "application/json");
      } else {
        if (given.framed) {
          response.set_chunked_content_provider("application/x-ndjson", given.provider());
        } else {
          response.set_content_provider("application/x-ndjson", given.provider());
        }
      }
    };
    server_.Get(".*", answer).Post(".*", answer).Delete(".*", answer);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) {
      std::this_thread::yield();
    }
  }
  ~FakeServer() {
    server_.stop();
    thread_.join();
  }
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  // What any request is answered with for which there is nothing else.
  void answer_with(int status, std::string body) {
    const std::lock_guard lock(mutex_);
    otherwise_ = {status, std::move(body), {}, false, true};
  }
  // Adds an answer to "GET /api/v1/store/jobs"; the last one added is given again and again.
  void then(const std::string& request, int status, std::string body) {
    const std::lock_guard lock(mutex_);
    answers_[request].push_back({status, std::move(body), {}, false, true});
  }
  // The same with an answer in lines, which come as these pieces; `cut`: it breaks off after them.
  void then_lines(const std::string& request, std::vector<std::string> lines, bool cut = false) {
    const std::lock_guard lock(mutex_);
    answers_[request].push_back({200, "", std::move(lines), cut, true});
  }
  // The same as through a proxy for HTTP/1.0: the end of the connection is the answer's.
  void then_unframed_lines(const std::string& request, std::vector<std::string> lines) {
    const std::lock_guard lock(mutex_);
    answers_[request].push_back({200, "", std::move(lines), false, false});
  }
  httplib::Request last() {
    const std::lock_guard lock(mutex_);
    return requests_.empty() ? httplib::Request{} : requests_.back();
  }
  // The bodies of all POST requests so far.
  std::vector<Json> posted() {
    const std::lock_guard lock(mutex_);
    std::vector<Json> bodies;
    for (const httplib::Request& request : requests_) {
      if (request.method == "POST") {
        bodies.push_back(parse_json(request.body).value_or(Json()));
      }
    }
    return bodies;
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  struct Answer {
    int status = 200;
    std::string body;
    std::vector<std::string> lines;
    bool cut = false;
    bool framed = true;

    [[nodiscard]] httplib::ContentProviderWithoutLength provider() const {
      return [*this, next = std::size_t{0}](std::size_t, httplib::DataSink& sink) mutable {
        if (next < lines.size()) {
          const std::string& line = lines[next++];
          return sink.write(line.data(), line.size());
        }
        if (!cut) {
          sink.done();
        }
        return !cut;
      };
    }
  };

  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::vector<httplib::Request> requests_;
  Answer otherwise_;
  std::map<std::string, std::deque<Answer>> answers_;
};

// Interrupts when it's waited for the `looks`th time, and waits for nothing.
class CountedInterrupt final : public Interrupt {
 public:
  explicit CountedInterrupt(int looks) : left_(looks) {}
  bool wait_for(std::chrono::nanoseconds) override { return --left_ <= 0; }

 private:
  int left_;
};

class CliFixture : public ::testing::Test {
 protected:
  CliFixture() {
    std::string name = (std::filesystem::temp_directory_path() / "nats3-cli-XXXXXX").string();
    home_ = ::mkdtemp(name.data());
    io_.environment = {{"HOME", home_.string()}, {"NATS3_SERVER_URL", server_.url()}};
  }
  ~CliFixture() override { std::filesystem::remove_all(home_); }

  int run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), program_);
    in_ = std::istringstream(input);
    out_.str("");
    err_.str("");
    return cli::run(std::move(arguments), {.io = io_, .version = "1.2.3", .serve = serve_});
  }
  // Makes `watch` end after so many looks.
  void interrupt_after(int looks) {
    io_.catch_interrupts = [looks](const std::function<void()>&) {
      return std::make_unique<CountedInterrupt>(looks);
    };
  }

  Json sent() { return parse_json(server_.last().body).value_or(Json()); }
  std::string out() { return out_.str(); }
  std::string err() { return err_.str(); }

  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(home_ / name) << text;
    return (home_ / name).string();
  }
  std::string read(const std::string& name) {
    std::ifstream file(home_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  FakeServer server_;
  std::filesystem::path home_;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
  Io io_{.in = in_, .out = out_, .err = err_, .environment = {}};
  std::string program_ = "/usr/bin/nats3";
  std::vector<ServeArguments> served_;
  std::function<int(const ServeArguments&)> serve_ = [this](const ServeArguments& arguments) {
    served_.push_back(arguments);
    return 7;
  };
};

}  // namespace nats3::cli
