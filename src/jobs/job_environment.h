// JobEnvironment: what jobs stand on, made once by the manager's owner. Everything in it outlives
// the jobs and is thread-safe.
#pragma once

#include <functional>
#include <string>

#include "base/executor.h"
#include "base/uuid.h"
#include "jobs/metrics.h"
#include "nats/broker.h"
#include "object/object_store.h"

namespace nats3::jobs {

struct JobEnvironment {
  nats::Broker& broker;
  nats::KeyValue& kv;
  object::ObjectStoreProvider& stores;
  Executor& steps;  // short steps of jobs
  Executor& tasks;  // encoding, uploads, downloads: may block
  Metrics& metrics;
  std::function<std::string()> make_id = make_uuid;  // of new jobs
};

}  // namespace nats3::jobs
