#include "jobs/load/load_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive/key.h"
#include "base/subject.h"
#include "catalog/replay_reader.h"
#include "jobs/as_invalid.h"
#include "jobs/existing_bucket.h"
#include "jobs/load/load_target.h"
#include "jobs/subject_mapping.h"

namespace nats3::jobs {
namespace {

// A job that archives what the load publishes to where the load polls for more: it would find and
// publish that again and again.
Result<void> check_circles(const LoadSpec& spec, const std::string& published,
                           const std::vector<StoreJob>& stores) {
  if (!spec.poll_interval || !subjects_overlap(published, spec.read_subject)) {
    return {};
  }
  const auto store = std::ranges::find_if(stores, [&](const StoreJob& job) {
    return job.spec.bucket == spec.bucket && job.spec.prefix == spec.prefix &&
           job.spec.stream == spec.read_stream && subjects_overlap(published, job.spec.subject);
  });
  if (store == stores.end()) {
    return {};
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("store job {} ('{}') archives what this load would publish, and the load "
                          "would find and publish it again, in circles: give it a write_subject "
                          "that the job doesn't archive, or no poll_interval",
                          store->info.id, store->spec.name));
}

// Whether the bucket is still the one that was read up to `position`. Epochs before it may be gone.
Result<void> check_there(const catalog::Catalog& catalog, const catalog::Position& position) {
  if (position.epoch.empty() || catalog::is_v1_place(position.epoch)) {
    return {};
  }
  auto epochs = catalog.epochs();
  if (!epochs) {
    return fail(epochs.error());
  }
  if (!epochs->empty() && epochs->back().name >= position.epoch) {
    return {};
  }
  return fail(
      ErrorCode::kUnavailable,
      fmt::format("epoch {} isn't in the bucket under '{}' any more, and this load has read "
                  "from it: {}",
                  position.epoch, archive::stream_folder(catalog.location()), kIsItMounted));
}

}  // namespace

Result<void> check_spec(const JobEnvironment& environment, const LoadSpec& spec,
                        const std::vector<StoreJob>& stores) {
  auto mapping = SubjectMapping::parse(spec.read_subject, spec.write_subject);
  if (!mapping) {
    return fail(mapping.error().with_context("write_subject"));
  }
  if (auto straight = check_circles(spec, mapping->pattern(), stores); !straight) {
    return straight;
  }
  auto target = environment.broker.streams_of_subject(mapping->pattern());
  if (!target) {
    return fail(as_invalid(target.error(), "create a stream that stores it first"));
  }
  auto info = environment.broker.stream_info(target->front());
  if (!info || !info->acknowledges) {
    return fail(info ? acknowledges_nothing(info->name) : info.error());
  }
  if (const auto reason = why_not_read_back(*target, *info); reason && !spec.message_ids) {
    return fail(needs_message_ids(*reason));
  }
  auto store = environment.stores.open(spec.bucket, object::IfMissing::kFail);
  if (!store && store.error().action() == Action::kNotFound && spec.poll_interval) {
    return {};  // it may come before the job that archives
  }
  if (!store) {
    return fail(as_invalid(store.error(), "check the job's bucket"));
  }
  auto catalog =
      catalog::Catalog::open(std::move(*store), spec.prefix.value_or(""), spec.read_stream);
  if (!catalog) {
    return fail(catalog.error());
  }
  return check_archived(**catalog, spec, {}).and_then([&] {
    return check_one_order(**catalog, spec);
  });
}

// What is skipped is passed as well, and nobody has replayed it.
catalog::Selection selection_of(const LoadSpec& spec, catalog::Position position) {
  const bool passes_only_replayed = spec.on_corrupt == OnCorrupt::kFail;
  return {
      .subject = spec.read_subject,
      .from_time = spec.from_time,
      .to_time = spec.to_time,
      .after = std::move(position),
      .follow = spec.poll_interval.has_value(),
      .meet_passed = spec.poll_interval.has_value() && spec.delete_chunks && passes_only_replayed};
}

Result<void> check_one_order(const catalog::Catalog& catalog, const LoadSpec& spec,
                             const std::optional<catalog::Extent>& until) {
  if (spec.message_ids) {
    return {};
  }
  auto epochs = catalog.epochs();
  if (!epochs) {
    return fail(epochs.error());
  }
  for (const archive::EpochDescription& epoch : *epochs) {
    auto filters = catalog.filters(epoch);
    if (!filters) {
      return fail(filters.error());
    }
    std::erase_if(*filters, [&](const std::string& filter) {
      return !subjects_overlap(filter, spec.read_subject) ||
             (until && until->last_of(epoch.name, filter) == 0);
    });
    if (filters->size() > 1) {
      return fail(needs_message_ids(
          fmt::format("what it reads was archived by several jobs, each at its own pace ({})",
                      fmt::join(*filters, ", "))));
    }
    if (filters->empty() || spec.poll_interval) {
      continue;
    }
    const auto complete = catalog.complete_up_to(epoch.name, filters->front());
    if (!complete) {
      return fail(complete.error());
    }
    if (*complete) {
      return fail(needs_message_ids(fmt::format(
          "messages of '{}' that are delivered again may still be archived among what it "
          "reads, unless it has a poll_interval",
          filters->front())));
    }
  }
  return {};
}

Result<void> check_archived(const catalog::Catalog& catalog, const LoadSpec& spec,
                            const catalog::Position& position) {
  if (auto there = check_there(catalog, position); !there) {
    return there;
  }
  auto archived = catalog::is_archived(catalog, selection_of(spec, position));
  if (!archived) {
    return fail(archived.error());
  }
  if (!*archived && !spec.poll_interval) {
    return fail(ErrorCode::kInvalid, catalog.nothing_archived());
  }
  return {};
}

}  // namespace nats3::jobs
