#include "api/api.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>

#include "api/archive_routes.h"
#include "api/metrics_text.h"
#include "api/openapi.h"
#include "api/query.h"
#include "api/responses.h"
#include "api/web_page.h"
#include "base/json.h"
#include "base/uuid.h"
#include "jobs/job_json.h"

namespace nats3::api {
namespace {

constexpr std::string_view kBase = "/api/v1";

// Whether a Content-Type names JSON. A page of another site can't send that without this server's
// leave, which it doesn't give: jobs can't be made from there.
bool is_json(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  type.erase(std::remove(type.begin(), type.end(), ' '), type.end());
  std::ranges::transform(type, type.begin(), [](unsigned char c) { return std::tolower(c); });
  return type == kJsonType || (type.starts_with("application/") && type.ends_with("+json"));
}

// The JSON body of `request`. Errors: the answer to give.
tl::expected<Json, HttpResponse> json_body(const HttpRequest& request) {
  if (!is_json(request.content_type)) {
    return tl::unexpected(error_response(
        415, fmt::format("the body must come with Content-Type: application/json{}",
                         request.content_type.empty() ? "" : ", not " + request.content_type)));
  }
  auto json = parse_json(request.body);
  if (!json) {
    return tl::unexpected(error_response_for(json.error()));
  }
  return std::move(*json);
}

// The job id in the query. Errors: the answer to give.
tl::expected<std::string, HttpResponse> job_id(const HttpRequest& request, std::string_view list) {
  const auto found = request.query.find("job_id");
  if (found == request.query.end() || !is_uuid(found->second)) {
    const std::string problem =
        found == request.query.end()
            ? "job_id is missing"
            : fmt::format("job_id '{}' is not a UUID", found->second.substr(0, 64));
    return tl::unexpected(error_response(
        400, fmt::format("{}: take one that GET {}, or the command 'list', shows", problem, list)));
  }
  std::string id = found->second;
  std::ranges::transform(id, id.begin(), [](unsigned char c) { return std::tolower(c); });
  return id;
}

struct StoreOperations {
  static constexpr auto kParse = &jobs::parse_store_spec;
  static constexpr auto kList = &jobs::JobService::store_jobs;
  static constexpr auto kGet = &jobs::JobService::store_job;
  static constexpr auto kPause = &jobs::JobService::pause_store;
  static constexpr auto kResume = &jobs::JobService::resume_store;
  static constexpr auto kRemove = &jobs::JobService::remove_store;
};

struct LoadOperations {
  static constexpr auto kParse = &jobs::parse_load_spec;
  static constexpr auto kList = &jobs::JobService::load_jobs;
  static constexpr auto kGet = &jobs::JobService::load_job;
  static constexpr auto kPause = &jobs::JobService::pause_load;
  static constexpr auto kResume = &jobs::JobService::resume_load;
  static constexpr auto kRemove = &jobs::JobService::remove_load;
};

struct VerifyOperations {
  static constexpr auto kParse = &jobs::parse_verify_spec;
  static constexpr auto kList = &jobs::JobService::verify_jobs;
  static constexpr auto kGet = &jobs::JobService::verify_job;
  static constexpr auto kPause = &jobs::JobService::pause_verify;
  static constexpr auto kResume = &jobs::JobService::resume_verify;
  static constexpr auto kRemove = &jobs::JobService::remove_verify;
};

template <typename Job>
HttpResponse job_response(const Result<Job>& job) {
  return job ? json_response(jobs::to_json(*job)) : error_response_for(job.error());
}

template <typename Job>
HttpResponse list_response(const Result<std::vector<Job>>& list) {
  if (!list) {
    return error_response_for(list.error());
  }
  Json body = Json::array();
  for (const Job& job : *list) {
    body.push_back(jobs::to_json(job));
  }
  return json_response(body);
}

// One store job; with `fresh` as the server that works at it tells it now.
HttpResponse store_job(jobs::JobService& service, const HttpRequest& request) {
  const auto id = job_id(request, fmt::format("{}/store/jobs", kBase));
  if (!id) {
    return id.error();
  }
  const auto fresh = request.query.find("fresh");
  const auto wanted =
      fresh == request.query.end() ? Result<bool>(false) : parse_flag(fresh->second);
  if (!wanted) {
    return error_response_for(wanted.error().with_context("fresh"));
  }
  return job_response(*wanted ? service.store_job_right_now(*id) : service.store_job(*id));
}

std::string allowed_methods(const auto& methods) {
  std::vector<std::string> names{"OPTIONS"};
  for (const auto& [name, handler] : methods) {
    names.push_back(name);
    if (name == "GET") {
      names.emplace_back("HEAD");
    }
  }
  std::ranges::sort(names);
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

Api::Api(ApiContext context) : context_(std::move(context)) {
  add_job_routes<StoreOperations>("/store/job");
  routes_["/store/job"]["GET"] = [this](const HttpRequest& request) {
    return store_job(context_.jobs, request);
  };
  add_job_routes<LoadOperations>("/load/job");
  add_job_routes<VerifyOperations>("/verify/job");
  add_archive_routes();
  add_server_routes();
  for (const auto& [path, methods] : routes_) {
    paths_.push_back(path);
  }
}

template <typename Operations>
void Api::add_job_routes(const std::string& base) {
  jobs::JobService& service = context_.jobs;
  const std::string list = fmt::format("{}{}s", kBase, base);

  // A route that does `operation` to the job its query names.
  const auto on_job = [&service, list](auto operation, auto respond) {
    return [&service, list, operation, respond](const HttpRequest& request) {
      const auto id = job_id(request, list);
      return id ? respond((service.*operation)(*id)) : id.error();
    };
  };
  const auto respond_with_job = [](const auto& job) { return job_response(job); };
  const auto respond_empty = [](const Result<void>& done) {
    return done ? text_response(200, "") : error_response_for(done.error());
  };

  Methods& one = routes_[base];
  one["GET"] = on_job(Operations::kGet, respond_with_job);
  one["DELETE"] = on_job(Operations::kRemove, respond_empty);
  one["POST"] = [&service](const HttpRequest& request) {
    auto body = json_body(request);
    if (!body) {
      return body.error();
    }
    const auto start = jobs::take_start(*body);
    if (!start) {
      return error_response_for(start.error());
    }
    auto spec = Operations::kParse(*body);
    return spec ? job_response(service.create(std::move(*spec), *start))
                : error_response_for(spec.error());
  };
  routes_[base + "/pause"]["POST"] = on_job(Operations::kPause, respond_with_job);
  routes_[base + "/resume"]["POST"] = on_job(Operations::kResume, respond_with_job);
  routes_[base + "s"]["GET"] = [&service](const HttpRequest&) {
    return list_response((service.*Operations::kList)());
  };
}

void Api::add_archive_routes() {
  const auto add = [this](const std::string& path, auto answer) {
    routes_["/archive" + path]["GET"] = [this, answer](const HttpRequest& request) {
      return answer(context_.archives, request);
    };
  };
  add("/streams", archived_streams);
  add("/stream", archived_stream);
  add("/messages", archived_messages);
  routes_["/archive/stream"]["DELETE"] = [this](const HttpRequest& request) {
    return prune_stream(context_.archives, request);
  };
}

void Api::add_server_routes() {
  routes_["/ping"]["GET"] = [](const HttpRequest&) { return text_response(200, "pong"); };
  routes_["/ready"]["GET"] = [this](const HttpRequest&) {
    const auto ready = context_.ready();
    if (!ready) {
      HttpResponse response = error_response(503, ready.error().message);
      response.headers.emplace_back("Retry-After", "2");
      return response;
    }
    return text_response(200, "ready");
  };
  routes_["/servers"]["GET"] = [this](const HttpRequest&) {
    return list_response(context_.jobs.servers());
  };
  routes_["/metrics"]["GET"] = [this](const HttpRequest&) {
    return HttpResponse{.status = 200,
                        .content_type = std::string(kMetricsType),
                        .body = metrics_text(context_),
                        .headers = {}};
  };
  routes_["/openapi.json"]["GET"] = [](const HttpRequest&) {
    return HttpResponse{.status = 200,
                        .content_type = std::string(kJsonType),
                        .body = std::string(openapi_document()),
                        .headers = {}};
  };
}

std::vector<Api::Route> Api::routes() const {
  std::vector<Route> all;
  for (const auto& [path, methods] : routes_) {
    for (const auto& [method, handler] : methods) {
      all.push_back({method, path});
    }
  }
  return all;
}

HttpResponse Api::handle(const HttpRequest& request) const {
  // A browser says so when a page of another site sends the request: such a page may read what is
  // public and change nothing.
  const bool reads = request.method == "GET" || request.method == "HEAD";
  const bool foreign = request.fetch_site == "cross-site" || request.fetch_site == "same-site";
  if (!reads && foreign) {
    return error_response(403, "a page of another site can't change anything here");
  }
  std::string_view path = request.path;
  if (path.starts_with(kBase) && path.substr(kBase.size()).starts_with('/')) {
    path.remove_prefix(kBase.size());
  }
  if (path != "/ping" && path != "/ready" && !context_.login.admits(request.authorization)) {
    return login_needed();
  }
  const auto route = routes_.find(path);
  if (route == routes_.end()) {
    return handle_unknown(request, path);
  }
  const auto method = route->second.find(request.method == "HEAD" ? "GET" : request.method);
  if (method != route->second.end()) {
    return method->second(request);
  }
  const std::string allowed = allowed_methods(route->second);
  HttpResponse response =
      request.method == "OPTIONS"
          ? text_response(204, "")
          : error_response(405, fmt::format("{} is not for {}, which takes {}", request.method,
                                            route->first, allowed));
  response.headers.emplace_back("Allow", allowed);
  return response;
}

HttpResponse Api::handle_unknown(const HttpRequest& request, std::string_view path) const {
  const bool under_api = request.path == "/api" || request.path.starts_with("/api/");
  if (!under_api && (request.method == "GET" || request.method == "HEAD")) {
    return web_page(request.path);
  }
  const std::string shown(request.path.substr(0, 128));
  const std::string_view guess = nearest(path.substr(0, 64), paths_);
  return error_response(404, guess.empty() ? fmt::format("no such path: {}", shown)
                                           : fmt::format("no such path: {}; did you mean {}{}?",
                                                         shown, under_api ? kBase : "", guess));
}

}  // namespace nats3::api
