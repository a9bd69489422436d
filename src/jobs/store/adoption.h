// Adoption: going on where another program's consumer stopped.
//
// nats-s3-connector reads with a durable consumer that is named after the subject, and its chunks
// don't tell sequences. So what they hold is told by that consumer's ack floor alone: a store job
// that takes its place begins after it, or the same messages would be archived, and replayed,
// twice.
//
// Any thread; blocks on NATS and the object store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "catalog/catalog.h"
#include "jobs/job.h"
#include "nats/broker.h"

namespace nats3::jobs {

// The durable of nats-s3-connector's store jobs: the subject, with `.`, `>` and `*` turned into
// `_`. (So is `%`, which nats-server 2.9 can't have in it.)
[[nodiscard]] std::string connector_consumer(const std::string& subject);

// Sets `spec.adopt_consumer` where it must be: the job's place holds chunks of nats-s3-connector
// for its subject, the stream keeps what was acknowledged, and no consumer is given that tells
// where to go on. Errors: those of adopted_up_to.
[[nodiscard]] Result<void> adopt_if_needed(nats::Broker& broker, const catalog::Catalog& catalog,
                                           const nats::StreamInfo& info, StoreSpec& spec);

// How far the consumer to be adopted has come; nullopt when it is gone.
// Errors: kInvalid: it isn't the consumer of this subject, or doesn't acknowledge.
[[nodiscard]] Result<std::optional<std::uint64_t>> adopted_floor(nats::Broker& broker,
                                                                 const StoreSpec& spec);

// The last sequence of the stream that an earlier program archived, as the consumer to be adopted
// tells; 0 when it is gone and nothing says that there was one.
// Errors: as adopted_floor; kInvalid when it is gone although chunks of nats-s3-connector are
// there.
[[nodiscard]] Result<std::uint64_t> adopted_up_to(nats::Broker& broker,
                                                  const catalog::Catalog& catalog,
                                                  const StoreSpec& spec);

}  // namespace nats3::jobs
