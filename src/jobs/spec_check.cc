#include "jobs/spec_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive/v1_chunk.h"
#include "base/subject.h"
#include "catalog/replay_reader.h"
#include "jobs/adoption.h"
#include "jobs/epoch_resolver.h"
#include "jobs/load_target.h"
#include "jobs/store_consumer.h"
#include "jobs/subject_mapping.h"

namespace nats3::jobs {
namespace {

// A thing that the spec names and that isn't there makes the spec wrong.
Error as_invalid(const Error& error, std::string_view advice) {
  return error.action() == Action::kNotFound
             ? Error{ErrorCode::kInvalid, fmt::format("{}: {}", error.message, advice)}
             : error;
}

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
  return broker.open_source(options).map([](const auto&) {});
}

}  // namespace

Result<void> check_subject(const nats::StreamInfo& info, const std::string& subject) {
  // A mirror or an aggregate has no subjects of its own.
  if (info.subjects.empty() || std::ranges::any_of(info.subjects, [&](const auto& own) {
        return subjects_overlap(own, subject);
      })) {
    return {};
  }
  return fail(ErrorCode::kInvalid, fmt::format("subject '{}' is outside stream '{}', which has {}",
                                               subject, info.name, fmt::join(info.subjects, ", ")));
}

Result<StoreSpec> check_spec(const JobEnvironment& environment, StoreSpec spec) {
  auto info = environment.broker.stream_info(spec.stream);
  if (!info) {
    return fail(as_invalid(info.error(), "create the stream first, or check its name"));
  }
  if (auto inside = check_subject(*info, spec.subject); !inside) {
    return fail(inside.error());
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
  if (auto epoch = resolve_epoch(environment.broker, **catalog, *info, spec.subject, {}); !epoch) {
    return fail(epoch.error());
  }
  return spec;
}

Result<void> check_spec(const JobEnvironment& environment, const LoadSpec& spec) {
  auto mapping = SubjectMapping::parse(spec.read_subject, spec.write_subject);
  if (!mapping) {
    return fail(mapping.error().with_context("write_subject"));
  }
  auto target = environment.broker.streams_of_subject(mapping->pattern());
  if (!target) {
    return fail(as_invalid(target.error(), "create a stream that stores it first"));
  }
  auto info = environment.broker.stream_info(target->front());
  if (!info || !info->acknowledges) {
    return fail(info ? acknowledges_nothing(info->name) : info.error());
  }
  auto store = environment.stores.open(spec.bucket, if_bucket_is_missing(spec));
  if (!store) {
    return fail(as_invalid(store.error(), "check the job's bucket"));
  }
  auto catalog =
      catalog::Catalog::open(std::move(*store), spec.prefix.value_or(""), spec.read_stream);
  if (!catalog) {
    return fail(catalog.error());
  }
  return check_archived(**catalog, spec, {});
}

Result<void> check_spec(const JobEnvironment& environment, const VerifySpec& spec) {
  auto store = environment.stores.open(spec.bucket, object::IfMissing::kFail);
  if (!store) {
    return fail(as_invalid(store.error(), "check the job's bucket"));
  }
  auto catalog = catalog::Catalog::open(*store, spec.prefix.value_or(""), spec.stream);
  if (!catalog) {
    return fail(catalog.error());
  }
  for (const std::string& folder : {archive::stream_folder((*catalog)->location()),
                                    archive::v1_folder((*catalog)->location())}) {
    auto page = (*store)->list({.prefix = folder, .limit = 1});
    if (!page) {
      return fail(page.error());
    }
    if (!page->objects.empty()) {
      return {};
    }
  }
  return fail(ErrorCode::kInvalid, (*catalog)->nothing_archived());
}

object::IfMissing if_bucket_is_missing(const LoadSpec& spec) {
  return spec.poll_interval ? object::IfMissing::kCreate : object::IfMissing::kFail;
}

catalog::Selection selection_of(const LoadSpec& spec, catalog::Position position) {
  return {.subject = spec.read_subject,
          .from_time = spec.from_time,
          .to_time = spec.to_time,
          .after = std::move(position),
          .follow = spec.poll_interval.has_value(),
          .meet_passed = spec.poll_interval.has_value() && spec.delete_chunks};
}

Result<void> check_archived(const catalog::Catalog& catalog, const LoadSpec& spec,
                            const catalog::Position& position) {
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
