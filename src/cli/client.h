// Client: a nats3 server's REST API, over HTTP. Not thread-safe, but for interrupt().
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace httplib {
class Client;
struct Request;
struct Response;
}  // namespace httplib

namespace nats3::cli {

// Where a server is: "http://host:8080", with a path behind it when a proxy puts it there.
struct ServerUrl {
  std::string origin;  // "http://host:8080"
  std::string path;    // "" or "/nats3"
  // What the server, or a proxy before it, asks for; both may be empty.
  std::string user;
  std::string password;
};

// `text` with or without http://, as in http://user:password@host:8080, where what has a meaning in
// a URL is percent-encoded. Errors: kInvalid.
[[nodiscard]] Result<ServerUrl> parse_server_url(const std::string& text);

using Query = std::map<std::string, std::string>;

class Client {
 public:
  struct Timeouts {
    std::chrono::seconds connect{5};
    // Pausing a job waits until what it holds is written.
    std::chrono::seconds answer{120};
  };

  explicit Client(ServerUrl url) : Client(std::move(url), Timeouts{}) {}
  Client(ServerUrl url, Timeouts timeouts);

  // Send a request to `path` below /api/v1 and give the answer's JSON; null for an empty answer.
  // Errors: kUnavailable (can't connect, no answer in time); for an answer that is an error, what
  // the server says; kInternal for an answer that no nats3 server gives.
  [[nodiscard]] Result<Json> get(const std::string& path, const Query& query = {});
  [[nodiscard]] Result<Json> post(const std::string& path, const Query& query,
                                  const std::string& body);
  [[nodiscard]] Result<Json> remove(const std::string& path, const Query& query);

  // Sends a GET that is answered in lines, and hands each to `take` as it comes, with its end,
  // until that returns false. Errors: as get(); what the server says when it can't go on;
  // kUnavailable when it breaks off without a word.
  [[nodiscard]] Result<void> get_lines(const std::string& path, const Query& query,
                                       const std::function<bool(std::string_view)>& take);

  // Ends the request under way, and all after it, with kCancelled. Thread-safe.
  void interrupt();

 private:
  // Makes `http` what interrupt() ends; false when there was one already.
  [[nodiscard]] bool begin(httplib::Client& http);
  [[nodiscard]] bool end();
  [[nodiscard]] Result<Json> send(const std::string& method, const std::string& path,
                                  const Query& query, const std::string& body);
  // Errors: of the connection, and kCancelled.
  [[nodiscard]] Result<httplib::Response> exchange(const httplib::Request& request);
  [[nodiscard]] httplib::Request make_request(const std::string& method, const std::string& path,
                                              const Query& query) const;
  [[nodiscard]] std::string where() const { return url_.origin + url_.path; }

  const ServerUrl url_;
  const Timeouts timeouts_;
  std::mutex mutex_;
  httplib::Client* under_way_ = nullptr;
  bool interrupted_ = false;
};

}  // namespace nats3::cli
