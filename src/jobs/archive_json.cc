#include "jobs/archive_json.h"

#include <utility>

#include "base/time_text.h"

namespace nats3::jobs {
namespace {

// Null without a chunk.
Json begin_of(const catalog::ChunkTotals& totals) {
  return totals.chunks > 0 ? Json(format_time(totals.time_min)) : Json();
}
Json end_of(const catalog::ChunkTotals& totals) {
  return totals.chunks > 0 ? Json(format_time(totals.time_max)) : Json();
}

Json to_json(const catalog::SubjectContents& subject) {
  const catalog::ChunkTotals& totals = subject.totals;
  return {{"subject", subject.subject},
          {"chunks", totals.chunks},
          {"messages", totals.messages},
          {"first_sequence", subject.first_sequence},
          {"last_sequence", totals.last_sequence},
          {"from_time", begin_of(totals)},
          {"to_time", end_of(totals)}};
}

Json to_json(const catalog::EpochContents& epoch) {
  Json subjects = Json::array();
  for (const catalog::SubjectContents& subject : epoch.subjects) {
    subjects.push_back(to_json(subject));
  }
  return {{"epoch", epoch.description.name},
          {"created", format_time(epoch.description.created)},
          {"subjects", std::move(subjects)}};
}

}  // namespace

Json to_json(const catalog::BucketContents& contents) {
  return {{"streams", contents.streams}, {"folders", contents.folders}};
}

Json to_json(const std::string& stream, const catalog::StreamContents& contents) {
  Json epochs = Json::array();
  for (const catalog::EpochContents& epoch : contents.epochs) {
    epochs.push_back(to_json(epoch));
  }
  Json old_chunks = Json::array();
  for (const catalog::SubjectContents& subject : contents.old_chunks) {
    old_chunks.push_back(to_json(subject));
    old_chunks.back().erase("first_sequence");
    old_chunks.back().erase("last_sequence");
  }
  return {{"stream", stream}, {"epochs", std::move(epochs)}, {"old_chunks", std::move(old_chunks)}};
}

Json to_json(const std::string& stream, const catalog::Pruned& pruned) {
  const catalog::ChunkTotals& totals = pruned.totals;
  return {{"stream", stream},
          {"chunks", totals.chunks},
          {"messages", totals.messages},
          {"stored_bytes", pruned.stored_bytes},
          {"from_time", begin_of(totals)},
          {"to_time", end_of(totals)},
          {"more", pruned.more}};
}

}  // namespace nats3::jobs
