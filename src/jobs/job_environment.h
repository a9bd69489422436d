// JobEnvironment: what jobs stand on, made once by the manager's owner. Everything in it outlives
// the jobs and is thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/executor.h"
#include "base/memory_budget.h"
#include "base/uuid.h"
#include "jobs/membership.h"
#include "jobs/metrics.h"
#include "nats/broker.h"
#include "object/object_store.h"

namespace nats3::jobs {

struct JobEnvironment {
  nats::Broker& broker;
  nats::KeyValue& kv;  // the records of jobs
  object::ObjectStoreProvider& stores;
  Executor& steps;     // short steps of jobs
  Executor& tasks;     // uploads, downloads: may block
  Executor& encoders;  // compressing: a thread for each core but one, a few at most
  Executor& control;   // what keeps the lease and shares out jobs: nothing that may block for long
  Executor& waits;     // operations that wait until a job has stopped
  const Lease& lease;
  std::string server;  // this server's id, by which records name it
  Metrics& metrics;
  MemoryBudget& store_memory;  // of messages that store jobs hold, and of chunks on their way
  MemoryBudget& load_memory;   // of what load jobs have read and is not acknowledged yet
  std::function<std::string()> make_id = make_uuid;  // of new jobs
  // How long whoever makes a job waits to be told whether it is on record, when an answer of NATS
  // was lost.
  std::chrono::milliseconds create_patience{40'000};
};

}  // namespace nats3::jobs
