#include "jobs/load/load_check.h"

#include "catalog/replay_reader.h"
#include "jobs/as_invalid.h"
#include "jobs/load/load_target.h"
#include "jobs/subject_mapping.h"

namespace nats3::jobs {

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
  if (const auto reason = why_not_read_back(*target, *info); reason && !spec.message_ids) {
    return fail(needs_message_ids(*reason));
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
