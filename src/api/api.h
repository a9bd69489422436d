// Api: what each route answers. docs/openapi.json describes the routes, docs/api.md explains them.
//
// Thread-safe: handle() is called on many threads at once.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "api/login.h"
#include "base/clock.h"
#include "base/error.h"
#include "jobs/archive_service.h"
#include "jobs/job_service.h"
#include "jobs/metrics.h"

namespace nats3::api {

// Everything here outlives the Api.
struct ApiContext {
  jobs::JobService& jobs;
  jobs::ArchiveService& archives;
  const jobs::Metrics& metrics;
  // Whether the server can do its work right now, and if not, why. Must not block.
  std::function<Result<void>()> ready;
  std::string version;
  // Of all but /ping and /ready, for who looks after the process.
  Login login{};
  const Clock& clock = Clock::system();
};

class Api {
 public:
  explicit Api(ApiContext context);

  // Answers any request; never throws for what comes from outside.
  [[nodiscard]] HttpResponse handle(const HttpRequest& request) const;

  struct Route {
    std::string method;
    std::string path;  // without the base
    auto operator<=>(const Route&) const = default;
  };
  // All of them, sorted by path. HEAD comes with GET, and OPTIONS with every path.
  [[nodiscard]] std::vector<Route> routes() const;

 private:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  using Methods = std::map<std::string, Handler, std::less<>>;

  // Adds the seven routes of one kind of job. `Operations` says which calls of JobService they are.
  template <typename Operations>
  void add_job_routes(const std::string& base);
  void add_archive_routes();
  void add_server_routes();
  [[nodiscard]] HttpResponse handle_unknown(const HttpRequest& request,
                                            std::string_view path) const;

  const ApiContext context_;
  std::map<std::string, Methods, std::less<>> routes_;  // by path without the base
  std::vector<std::string_view> paths_;                 // their keys, to suggest from
};

}  // namespace nats3::api
