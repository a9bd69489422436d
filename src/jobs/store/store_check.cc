#include "jobs/store/store_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/subject.h"
#include "catalog/catalog.h"
#include "jobs/as_invalid.h"
#include "jobs/store/adoption.h"
#include "jobs/store/epoch_resolver.h"
#include "jobs/store/store_consumer.h"

namespace nats3::jobs {
namespace {

// Whether the job can read with the consumer it would.
Result<void> check_consumer(nats::Broker& broker, const StoreSpec& spec,
                            const nats::StreamInfo& info) {
  const bool limits = info.retention == nats::Retention::kLimits;
  if (!limits && spec.consumer && spec.adopt_consumer && spec.consumer != spec.adopt_consumer) {
    return fail(ErrorCode::kInvalid,
                fmt::format("consumer and adopt_consumer differ, and stream '{}' can be read with "
                            "one of them only",
                            info.name));
  }
  if (limits && spec.adopt_consumer) {
    if (auto floor = adopted_floor(broker, spec); !floor) {
      return fail(floor.error());
    }
  }
  if (!acknowledges(spec, info)) {
    return {};
  }
  const nats::SourceOptions options = source_options(spec, info, 1);
  if (limits) {
    auto position = broker.consumer_position(spec.stream, options.consumer);
    if (!position) {  // made later, to begin where the archive ends
      return position.error().action() == Action::kNotFound ? Result<void>()
                                                            : fail(position.error());
    }
  }
  // Binds to the durable consumer or makes it: whether the server allows that can't be told before.
  return broker.prepare_consumer(options);
}

Result<void> check_others(const StoreSpec& spec, const nats::StreamInfo& info,
                          const std::vector<StoreJob>& others) {
  const auto other = std::ranges::find_if(
      others, [&](const StoreJob& job) { return share_consumer(job.spec, spec, info); });
  if (other == others.end()) {
    return {};
  }
  return fail(ErrorCode::kAlreadyExists,
              fmt::format("job {} ('{}') reads stream '{}' with the same consumer, so that each of "
                          "both would archive part of it: delete that job, or give another subject "
                          "or consumer",
                          other->info.id, other->spec.name, spec.stream));
}

}  // namespace

Result<void> check_subject(const nats::StreamInfo& info, const std::string& subject) {
  // Of a mirror, an aggregate or a stream that changes subjects it isn't known.
  if (info.subjects.empty() || std::ranges::any_of(info.subjects, [&](const auto& own) {
        return subjects_overlap(own, subject);
      })) {
    return {};
  }
  return fail(ErrorCode::kInvalid, fmt::format("subject '{}' is outside stream '{}', which has {}",
                                               subject, info.name, fmt::join(info.subjects, ", ")));
}

Result<StoreSpec> check_spec(const JobEnvironment& environment, StoreSpec spec,
                             const std::vector<StoreJob>& others) {
  auto info = environment.broker.stream_info(spec.stream);
  if (!info) {
    return fail(as_invalid(info.error(), "create the stream first, or check its name"));
  }
  if (auto inside = check_subject(*info, spec.subject); !inside) {
    return fail(inside.error());
  }
  if (auto alone = check_others(spec, *info, others); !alone) {
    return fail(alone.error());
  }
  // Whether the object store answers, before anything is made in NATS.
  if (auto there = environment.stores.open(spec.bucket, object::IfMissing::kFail);
      !there && there.error().action() != Action::kNotFound) {
    return fail(there.error());
  }
  if (auto checked = check_consumer(environment.broker, spec, *info); !checked) {
    return fail(checked.error());
  }
  auto store = environment.stores.open(spec.bucket, object::IfMissing::kCreate);
  if (!store) {
    return fail(store.error());
  }
  auto catalog = catalog::Catalog::open(std::move(*store), spec.prefix.value_or(""), spec.stream);
  if (!catalog) {
    return fail(catalog.error());
  }
  if (auto adopted = adopt_if_needed(environment.broker, **catalog, *info, spec); !adopted) {
    return fail(adopted.error());
  }
  bool ends_early = false;  // whether to believe that is left to the job, which can wait
  const auto check_end = [&](const nats::StreamInfo& now, std::uint64_t archived) -> Result<void> {
    ends_early = now.last_sequence < archived;
    return ends_early ? fail(ErrorCode::kUnavailable, "the stream ends before its archive")
                      : Result<void>();
  };
  auto epoch = resolve_epoch(environment, **catalog, spec, *info, {}, check_end);
  if (!epoch && !ends_early) {
    return fail(epoch.error());
  }
  return spec;
}

}  // namespace nats3::jobs
