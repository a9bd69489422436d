#include "server/server.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <thread>

#include "api/api.h"
#include "api/http_server.h"
#include "jobs/archives.h"
#include "jobs/manager/job_manager.h"
#include "nats/client.h"
#include "nats/key_value.h"
#include "nats/nats_broker.h"
#include "object/credentials/aws.h"
#include "object/file/file_store.h"
#include "object/s3/s3_store.h"
#include "server/deferred_key_value.h"
#include "server/identity.h"

namespace nats3::server {
namespace {

constexpr int kStepThreads = 8;     // steps do short requests, and write messages into frames
constexpr int kTaskThreads = 16;    // tasks block on the object store
constexpr int kControlThreads = 2;  // the lease and the loop of the jobs
constexpr int kWaitThreads = 4;     // what other servers ask
// As much as six jobs hold at full speed. More jobs than that get along with one chunk each.
constexpr std::uint64_t kStoreMemory = 256 << 20;
// As much as eight jobs hold. More jobs than that get along with a batch and a little window each.
constexpr std::uint64_t kLoadMemory = 256 << 20;
constexpr std::chrono::milliseconds kStopTimeout{15'000};

// They compress and wait for nothing. One core is for those that pull and for the server; a few
// keep up with any stream.
int encoder_threads() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()) - 1, 1, 6);
}

Result<std::shared_ptr<object::CredentialsSource>> find_credentials(const config::S3Config& s3) {
  if (s3.credentials == config::CredentialsFrom::kKeys) {
    return object::fixed_credentials({s3.access, s3.secret, s3.session_token});
  }
  object::AwsVariables variables;
  for (const std::string_view prefix : {"AWS_", "HOME"}) {
    for (auto& [name, value] : config::read_environment(prefix)) {
      variables.emplace(name, value);
    }
  }
  auto source = object::find_aws_credentials(variables, s3.region);
  if (source) {
    spdlog::info("credentials for S3 are those of {}", (*source)->describe());
  }
  return source;
}

void log_credentials(const std::optional<Error>& trouble) {
  if (trouble) {
    spdlog::warn(
        "the credentials for S3 can't be renewed, and are used until it takes them no more: {}",
        trouble->message);
  } else {
    spdlog::info("the credentials for S3 can be renewed again");
  }
}

Result<std::shared_ptr<object::ObjectStoreProvider>> make_stores(const config::S3Config& s3) {
  if (!s3.folder.empty()) {
    return object::make_file_provider({.root = s3.folder});
  }
  object::Addressing addressing = object::Addressing::kAuto;
  if (s3.path_style != config::PathStyle::kAuto) {
    addressing = s3.path_style == config::PathStyle::kAlways ? object::Addressing::kPath
                                                             : object::Addressing::kVirtualHost;
  }
  return find_credentials(s3).map([&](std::shared_ptr<object::CredentialsSource> credentials) {
    return object::make_s3_provider({.endpoint = s3.endpoint,
                                     .region = s3.region,
                                     .credentials = std::move(credentials),
                                     .on_credentials = log_credentials,
                                     .addressing = addressing,
                                     .http = {.ca_file = s3.ca}});
  });
}

// `name`: as nats-server lists the connection.
Result<nats::ConnectionOptions> connection_options(const config::NatsConfig& config,
                                                   std::string name, nats::Traffic traffic) {
  auto urls = nats::parse_urls(config.url);
  if (!urls) {
    return fail(urls.error().with_context("nats.url"));
  }
  return nats::ConnectionOptions{.urls = std::move(*urls),
                                 .name = std::move(name),
                                 .domain = config.domain,
                                 .user = config.user,
                                 .password = config.password,
                                 .token = config.token,
                                 .credentials_file = config.creds,
                                 .nkey_file = config.nkey,
                                 .ca_file = config.ca,
                                 .certificate_file = config.cert,
                                 .key_file = config.key,
                                 .traffic = traffic};
}

jobs::ServerInfo describe(const config::ServerConfig& config, const std::string& version) {
  Identity identity = make_identity(config.host, config.port);
  return {.id = std::move(identity.id),
          .name = std::move(identity.name),
          .version = version,
          .started = Clock::system().now()};
}

api::Login login_of(const config::ServerConfig& server) {
  return server.user.empty() ? api::Login() : api::Login(server.user, server.password);
}

}  // namespace

// Members are in the order of what stands on what.
class Server::Impl {
 public:
  Impl(const config::Config& config, const std::string& version,
       std::shared_ptr<object::ObjectStoreProvider> stores,
       const std::shared_ptr<nats::Client>& client, std::shared_ptr<nats::Client> deliveries)
      : stores_(std::move(stores)),
        broker_(nats::make_broker(client, std::move(deliveries))),
        records_([client, nats = config.nats] {
          return nats::make_key_value(client, nats.bucket, {.replicas = nats.replicas});
        }),
        leases_([client, nats = config.nats] {
          return nats::make_key_value(
              client, nats.bucket + "_LEASES",
              {.replicas = nats.replicas, .max_age = jobs::Membership::kLifetime});
        }),
        membership_(leases_, Clock::system(), describe(config.server, version)),
        environment_{.broker = *broker_,
                     .kv = records_,
                     .stores = *stores_,
                     .steps = steps_,
                     .tasks = tasks_,
                     .encoders = encoders_,
                     .control = control_,
                     .waits = waits_,
                     .lease = membership_,
                     .server = membership_.self().id,
                     .metrics = metrics_,
                     .store_memory = store_memory_,
                     .load_memory = load_memory_},
        manager_(environment_, membership_, leases_),
        archives_(*stores_),
        api_({.jobs = manager_,
              .archives = archives_,
              .metrics = metrics_,
              .ready = [this] { return manager_.ready(); },
              .version = version,
              .login = login_of(config.server)}),
        http_({.host = config.server.host,
               .port = config.server.port,
               .certificate_file = config.server.cert,
               .key_file = config.server.key},
              [this](const api::HttpRequest& request) { return api_.handle(request); }) {}

  Result<void> start() {
    auto listening = http_.start();
    if (listening) {
      manager_.start();
    }
    return listening;
  }

  void stop() {
    if (std::exchange(stopped_, true)) {
      return;
    }
    archives_.stop();
    http_.stop();
    manager_.stop(kStopTimeout);
    control_.stop();
    waits_.stop();
    membership_.leave();
    tasks_.stop();
    encoders_.stop();
    steps_.stop();
  }

  [[nodiscard]] std::uint16_t port() const { return http_.port(); }

 private:
  bool stopped_ = false;
  jobs::Metrics metrics_;
  MemoryBudget store_memory_{kStoreMemory};
  MemoryBudget load_memory_{kLoadMemory};
  std::shared_ptr<object::ObjectStoreProvider> stores_;
  std::unique_ptr<nats::Broker> broker_;
  DeferredKeyValue records_;
  DeferredKeyValue leases_;
  jobs::Membership membership_;
  ThreadPool steps_{"nats3-step", kStepThreads};
  ThreadPool tasks_{"nats3-task", kTaskThreads};
  ThreadPool encoders_{"nats3-encode", encoder_threads()};
  ThreadPool control_{"nats3-control", kControlThreads};
  ThreadPool waits_{"nats3-wait", kWaitThreads};
  jobs::JobEnvironment environment_;
  jobs::JobManager manager_;
  jobs::Archives archives_;
  api::Api api_;
  api::HttpServer http_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(const config::Config& config,
                                              const std::string& version) {
  const auto connect = [&](std::string name, nats::Traffic traffic) {
    return connection_options(config.nats, std::move(name), traffic).and_then(nats::Client::make);
  };
  auto requests = connect("nats3", nats::Traffic::kRequests);
  if (!requests) {
    return fail(requests.error());
  }
  auto deliveries = connect("nats3 deliveries", nats::Traffic::kBulk);
  if (!deliveries) {
    return fail(deliveries.error());
  }
  auto stores = make_stores(config.s3);
  if (!stores) {
    return fail(stores.error());
  }
  auto impl = std::make_unique<Impl>(config, version, std::move(*stores), std::move(*requests),
                                     std::move(*deliveries));
  if (auto started = impl->start(); !started) {
    impl->stop();
    return fail(started.error());
  }
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

std::uint16_t Server::port() const { return impl_->port(); }

void Server::stop() { impl_->stop(); }

}  // namespace nats3::server
