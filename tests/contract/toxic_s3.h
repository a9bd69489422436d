// A small S3 server for tests, on 127.0.0.1, that misbehaves on demand. It keeps objects and
// multipart uploads in memory, checks no signature, and records every request.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace nats3::object {

// A request as it came.
struct ToxicRequest {
  std::string method;
  std::string target;                          // path and query, still encoded
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  int number = 0;  // from 1

  [[nodiscard]] bool is(const std::string& with_method, const std::string& with_target) const {
    return method == with_method && target.find(with_target) != std::string::npos;
  }
};

struct ToxicAnswer {
  int status = 200;
  std::string body;
  std::map<std::string, std::string> headers;
};

// What to do with a request instead of what it asks for.
struct Toxic {
  enum class Kind {
    kNone,
    kAnswer,      // give `answer`, and do nothing
    kReset,       // close the connection with a reset, and do nothing
    kLoseAnswer,  // do it, then close the connection with a reset
    kHang,        // say nothing until the server ends
    kCut,         // do it, but send only `bytes` of the answer's body
  };
  Kind kind = Kind::kNone;
  ToxicAnswer answer;
  std::size_t bytes = 0;
};

class ToxicS3 {
 public:
  using Plan = std::function<Toxic(const ToxicRequest&)>;

  // Listens on a free port at once.
  ToxicS3();
  ~ToxicS3();
  ToxicS3(const ToxicS3&) = delete;
  ToxicS3& operator=(const ToxicS3&) = delete;

  [[nodiscard]] std::string endpoint() const;
  // Called for every request from now on, one at a time.
  void set_plan(Plan plan);

  [[nodiscard]] std::vector<ToxicRequest> requests() const;
  // How many requests `method` and a part of the target name.
  [[nodiscard]] int count(const std::string& method, const std::string& target) const;
  [[nodiscard]] std::map<std::string, std::string> objects() const;
  // Multipart uploads neither completed nor aborted.
  [[nodiscard]] std::size_t open_uploads() const;

 private:
  void accept_all();
  void serve(int socket);
  [[nodiscard]] Toxic judge(ToxicRequest& request);
  [[nodiscard]] ToxicAnswer perform(const ToxicRequest& request);
  [[nodiscard]] ToxicAnswer perform_multipart(const ToxicRequest& request, const std::string& path,
                                              const std::string& query);

  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::condition_variable ending_;
  bool ended_ = false;
  Plan plan_;
  std::vector<ToxicRequest> requests_;
  std::map<std::string, std::string> objects_;
  std::map<std::string, std::map<std::string, std::string>> uploads_;  // parts by upload id
  std::vector<int> sockets_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// An answer with an S3 error in it.
[[nodiscard]] ToxicAnswer s3_error_answer(int status, const std::string& code,
                                          std::map<std::string, std::string> headers = {});

}  // namespace nats3::object
