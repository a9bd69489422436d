#include "jobs/store/adoption.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "jobs/store/store_consumer.h"

namespace nats3::jobs {
namespace {

Error unknown_extent(const catalog::Catalog& catalog, const StoreSpec& spec) {
  return {ErrorCode::kInvalid,
          fmt::format("chunks of nats-s3-connector are under '{}{}/', and consumer {} of stream "
                      "'{}', which would tell which messages they hold, isn't there: give another "
                      "prefix or bucket to archive the whole stream anew",
                      archive::stream_folder(catalog.location()), spec.subject,
                      *spec.adopt_consumer, spec.stream)};
}

}  // namespace

std::string connector_consumer(const std::string& subject) {
  std::string name = subject;
  std::ranges::replace_if(
      name, [](char c) { return c == '.' || c == '>' || c == '*' || c == '%'; }, '_');
  return name;
}

Result<void> adopt_if_needed(nats::Broker& broker, const catalog::Catalog& catalog,
                             const nats::StreamInfo& info, StoreSpec& spec) {
  if (info.retention != nats::Retention::kLimits) {
    return {};  // what was acknowledged is gone from it
  }
  if (spec.adopt_consumer) {
    return adopted_up_to(broker, catalog, spec).map([](std::uint64_t) {});
  }
  const auto old_chunks = catalog.has_connector_chunks(spec.subject);
  if (!old_chunks) {
    return fail(old_chunks.error());
  }
  if (!*old_chunks) {
    return {};
  }
  if (spec.consumer) {
    const auto stands = broker.consumer_position(spec.stream, *spec.consumer);
    if (stands) {
      return {};  // the job goes on from there
    }
    if (stands.error().action() != Action::kNotFound) {
      return fail(stands.error());
    }
  }
  spec.adopt_consumer = connector_consumer(spec.subject);
  spdlog::info(
      "store job '{}': its place holds chunks of nats-s3-connector, so it goes on after "
      "consumer {}",
      spec.name, *spec.adopt_consumer);
  return adopted_up_to(broker, catalog, spec).map([](std::uint64_t) {});
}

Result<std::optional<std::uint64_t>> adopted_floor(nats::Broker& broker, const StoreSpec& spec) {
  const std::string& consumer = *spec.adopt_consumer;
  const auto position = broker.consumer_position(spec.stream, consumer);
  if (!position && position.error().action() == Action::kNotFound) {
    return std::nullopt;
  }
  if (!position) {
    return fail(position.error());
  }
  const std::string filter = position->filter.empty() ? ">" : position->filter;
  if (filter != spec.subject || !position->explicit_ack) {
    return fail(ErrorCode::kInvalid,
                fmt::format("adopt_consumer: consumer {} of stream '{}' {}, so it doesn't tell how "
                            "far '{}' was archived",
                            consumer, spec.stream,
                            position->explicit_ack ? fmt::format("selects '{}'", filter)
                                                   : "isn't one with explicit acknowledgements",
                            spec.subject));
  }
  return position->ack_floor;
}

Result<std::uint64_t> adopted_up_to(nats::Broker& broker, const catalog::Catalog& catalog,
                                    const StoreSpec& spec) {
  const auto floor = adopted_floor(broker, spec);
  if (!floor) {
    return fail(floor.error());
  }
  if (*floor) {
    return **floor;
  }
  const auto old_chunks = catalog.has_connector_chunks(spec.subject);
  if (!old_chunks) {
    return fail(old_chunks.error());
  }
  if (*old_chunks) {
    return fail(unknown_extent(catalog, spec));
  }
  return 0;
}

}  // namespace nats3::jobs
