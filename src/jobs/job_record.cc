#include "jobs/job_record.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/percent.h"
#include "base/time_text.h"
#include "jobs/job_json.h"

namespace nats3::jobs {
namespace {

constexpr int kVersion = 1;

Timestamp from_nanoseconds(std::int64_t count) {
  return Timestamp{std::chrono::nanoseconds{count}};
}

std::int64_t to_nanoseconds(Timestamp time) { return time.time_since_epoch().count(); }

Json info_to_json(const JobInfo& info) {
  Json json{{"id", info.id},
            {"status", to_string(info.status)},
            {"created", to_nanoseconds(info.created)},
            {"updated", to_nanoseconds(info.updated)},
            {"last_error", info.last_error},
            {"server", info.server}};
  if (info.last_error_since) {
    json["last_error_since"] = to_nanoseconds(*info.last_error_since);
  }
  return json;
}

JobInfo info_from_json(const Json& json) {
  JobInfo info;
  info.id = json.at("id").get<std::string>();
  auto status = parse_status(json.at("status").get<std::string>());
  if (!status) {
    throw std::runtime_error(status.error().message);
  }
  info.status = *status;
  info.created = from_nanoseconds(json.at("created").get<std::int64_t>());
  info.updated = from_nanoseconds(json.at("updated").get<std::int64_t>());
  info.last_error = json.at("last_error").get<std::string>();
  info.server = json.value("server", std::string());
  if (json.contains("last_error_since")) {
    info.last_error_since = from_nanoseconds(json["last_error_since"].get<std::int64_t>());
  }
  return info;
}

Json range_to_json(const ChunkRange& range) {
  return {{"previous", range.previous},
          {"first", range.first},
          {"last", range.last},
          {"count", range.count},
          {"time_min", to_nanoseconds(range.time_min)},
          {"time_max", to_nanoseconds(range.time_max)}};
}

ChunkRange range_from_json(const Json& json) {
  return {.previous = json.at("previous").get<std::uint64_t>(),
          .first = json.at("first").get<std::uint64_t>(),
          .last = json.at("last").get<std::uint64_t>(),
          .count = json.at("count").get<std::uint64_t>(),
          .time_min = from_nanoseconds(json.at("time_min").get<std::int64_t>()),
          .time_max = from_nanoseconds(json.at("time_max").get<std::int64_t>())};
}

Json chunk_to_json(const catalog::FinishedChunk& finished) {
  Json json{
      {"epoch", finished.epoch}, {"filter", finished.chunk.filter}, {"key", finished.chunk.key}};
  if (finished.previous) {
    json["previous"] = *finished.previous;
  }
  return json;
}

catalog::FinishedChunk chunk_from_json(const Json& json) {
  catalog::FinishedChunk finished{.epoch = json.at("epoch").get<std::string>(),
                                  .chunk = {.key = json.at("key").get<std::string>(),
                                            .filter = json.at("filter").get<std::string>()},
                                  .selected_whole = true};
  if (!catalog::is_v1_place(finished.epoch)) {
    const std::string& key = finished.chunk.key;
    auto name = archive::parse_chunk_name(std::string_view(key).substr(key.rfind('/') + 1));
    if (!name) {
      throw std::runtime_error(name.error().message);
    }
    finished.chunk.name = *name;
  }
  if (const auto previous = json.find("previous"); previous != json.end()) {
    finished.previous = previous->get<std::uint64_t>();
  }
  return finished;
}

Json mark_to_json(const TargetMark& mark) {
  return {{"stream", mark.stream},
          {"created", to_nanoseconds(mark.created)},
          {"sequence", mark.sequence}};
}

TargetMark mark_from_json(const Json& json) {
  return {.stream = json.at("stream").get<std::string>(),
          .created = from_nanoseconds(json.at("created").get<std::int64_t>()),
          .sequence = json.at("sequence").get<std::uint64_t>()};
}

Json extent_to_json(const catalog::Extent& extent) {
  return {{"v1_second", extent.v1_second},
          {"epoch", extent.epoch},
          {"last_sequences", extent.last_sequences}};
}

catalog::Extent extent_from_json(const Json& json) {
  return {.v1_second = json.at("v1_second").get<std::uint64_t>(),
          .epoch = json.at("epoch").get<std::string>(),
          .last_sequences = json.at("last_sequences").get<std::map<std::string, std::uint64_t>>()};
}

template <typename T>
T value_or_throw(Result<T> result) {
  if (!result) {
    throw std::runtime_error(result.error().message);
  }
  return std::move(*result);
}

// Runs `read` on the parsed record, turning every way it can fail into kCorrupt.
template <typename Record>
Result<Record> parse_record(std::string_view text, Record (*read)(const Json&)) {
  const auto json = parse_json(text);
  if (!json) {
    return fail(ErrorCode::kCorrupt, "job record: " + json.error().message);
  }
  try {
    if (const int version = json->at("version").get<int>(); version != kVersion) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("job record of version {}: this nats3 reads version {}; a newer "
                              "nats3 wrote it",
                              version, kVersion));
    }
    return read(*json);
  } catch (const std::exception& error) {
    return fail(ErrorCode::kCorrupt, fmt::format("job record: {}", error.what()));
  }
}

StoreRecord read_store(const Json& json) {
  StoreRecord record;
  record.job.info = info_from_json(json.at("info"));
  record.job.spec = value_or_throw(parse_store_spec(json.at("spec")));
  const Json& progress = json.at("progress");
  record.job.progress.messages = progress.at("messages").get<std::uint64_t>();
  record.job.progress.bytes = progress.at("bytes").get<std::uint64_t>();
  record.job.progress.stored_bytes = progress.at("stored_bytes").get<std::uint64_t>();
  record.job.progress.chunks = progress.at("chunks").get<std::uint64_t>();
  if (const auto lag = progress.find("lag"); lag != progress.end()) {
    record.job.progress.lag = lag->get<std::uint64_t>();
  }
  record.job.progress.unseen = progress.value("unseen", std::uint64_t{0});
  record.job.progress.rate = progress.value("rate", 0.0);
  if (const auto oldest = progress.find("oldest_unarchived"); oldest != progress.end()) {
    record.job.progress.oldest_unarchived = from_nanoseconds(oldest->get<std::int64_t>());
  }
  record.fence = json.at("fence").get<std::uint64_t>();
  record.epoch = json.at("epoch").get<std::string>();
  record.archived = json.at("archived").get<std::uint64_t>();
  record.accounted = json.value("accounted", std::uint64_t{0});
  record.first_of_tail = json.at("first_of_tail").get<std::uint64_t>();
  record.told = json.value("told", std::string());
  record.job.progress.last_sequence = record.archived;
  for (const Json& range : json.at("intents")) {
    record.intents.push_back(range_from_json(range));
  }
  return record;
}

LoadRecord read_load(const Json& json) {
  LoadRecord record;
  record.job.info = info_from_json(json.at("info"));
  record.job.spec = value_or_throw(parse_load_spec(json.at("spec")));
  const Json& progress = json.at("progress");
  record.job.progress.messages = progress.at("messages").get<std::uint64_t>();
  record.job.progress.bytes = progress.at("bytes").get<std::uint64_t>();
  record.job.progress.chunks = progress.at("chunks").get<std::uint64_t>();
  record.job.progress.skipped_chunks = progress.at("skipped_chunks").get<std::uint64_t>();
  record.job.progress.total_messages = progress.at("total_messages").get<std::uint64_t>();
  record.job.progress.rate = progress.value("rate", 0.0);
  record.fence = json.at("fence").get<std::uint64_t>();
  record.position.epoch = json.at("epoch").get<std::string>();
  record.position.sequence = json.at("sequence").get<std::uint64_t>();
  record.position.reached = json.at("reached").get<std::map<std::string, std::uint64_t>>();
  record.job.progress.last_sequence = record.position.stream_sequence();
  if (const auto extent = json.find("extent"); extent != json.end()) {
    record.extent = extent_from_json(*extent);
  }
  if (const auto target = json.find("target"); target != json.end()) {
    record.target = mark_from_json(*target);
  }
  if (const auto exactness = json.find("exactness"); exactness != json.end()) {
    record.job.exactness =
        Exactness{.kind = value_or_throw(parse_exactness(exactness->at("kind").get<std::string>())),
                  .reason = exactness->at("reason").get<std::string>()};
  }
  for (const Json& chunk : json.value("replayed", Json::array())) {
    record.replayed.push_back(chunk_from_json(chunk));
  }
  return record;
}

catalog::Finding finding_from_json(const Json& json) {
  const auto kind = catalog::parse_finding_kind(json.at("kind").get<std::string>());
  if (!kind) {
    throw std::runtime_error("a finding of a kind that isn't known");
  }
  return {.key = json.at("key").get<std::string>(),
          .kind = *kind,
          .detail = json.at("detail").get<std::string>(),
          .cause = json.at("cause").get<std::string>(),
          .repaired = json.at("repaired").get<bool>()};
}

std::vector<catalog::Finding> findings_from_json(const Json& json) {
  std::vector<catalog::Finding> findings;
  for (const Json& finding : json) {
    findings.push_back(finding_from_json(finding));
  }
  return findings;
}

Json findings_to_json(const std::vector<catalog::Finding>& findings) {
  Json json = Json::array();
  for (const auto& finding : findings) {
    json.push_back(to_json(finding));
  }
  return json;
}

VerifyRecord read_verify(const Json& json) {
  VerifyRecord record;
  record.job.info = info_from_json(json.at("info"));
  record.job.spec = value_or_throw(parse_verify_spec(json.at("spec")));
  const Json& from = json.at("progress");
  VerifyProgress& progress = record.job.progress;
  progress.messages = from.at("messages").get<std::uint64_t>();
  progress.bytes = from.at("bytes").get<std::uint64_t>();
  progress.chunks = from.at("chunks").get<std::uint64_t>();
  progress.damaged = from.at("damaged").get<std::uint64_t>();
  progress.repaired = from.at("repaired").get<std::uint64_t>();
  progress.overlaps = from.at("overlaps").get<std::uint64_t>();
  progress.gaps = from.at("gaps").get<std::uint64_t>();
  progress.foreign = from.at("foreign").get<std::uint64_t>();
  progress.rate = from.at("rate").get<double>();
  progress.last_key = from.at("last_key").get<std::string>();
  progress.findings = findings_from_json(from.at("findings"));
  record.fence = json.at("fence").get<std::uint64_t>();
  const Json& position = json.at("position");
  record.position.key = value_or_throw(percent_decode(position.at("key").get<std::string>()));
  record.position.reached = position.at("reached").get<std::uint64_t>();
  record.position.reaching = position.at("reaching").get<std::vector<std::string>>();
  record.repairing = findings_from_json(json.at("repairing"));
  return record;
}

}  // namespace

std::string_view to_string(JobKind kind) {
  switch (kind) {
    case JobKind::kStore:
      return "store";
    case JobKind::kLoad:
      return "load";
    case JobKind::kVerify:
      return "verify";
  }
  return "store";
}

std::string record_key(JobKind kind, const std::string& id) {
  return fmt::format("job.{}.{}", to_string(kind), id);
}

std::string serialize(const StoreRecord& record) {
  const StoreProgress& progress = record.job.progress;
  Json json{{"version", kVersion},
            {"info", info_to_json(record.job.info)},
            {"spec", to_json(record.job.spec)},
            {"progress",
             {{"messages", progress.messages},
              {"bytes", progress.bytes},
              {"stored_bytes", progress.stored_bytes},
              {"chunks", progress.chunks},
              {"unseen", progress.unseen},
              {"rate", progress.rate}}},
            {"fence", record.fence},
            {"epoch", record.epoch},
            {"archived", record.archived},
            {"accounted", record.accounted},
            {"first_of_tail", record.first_of_tail},
            {"intents", Json::array()}};
  if (!record.told.empty()) {
    json["told"] = record.told;
  }
  if (progress.lag) {
    json["progress"]["lag"] = *progress.lag;
  }
  if (progress.oldest_unarchived) {
    json["progress"]["oldest_unarchived"] = to_nanoseconds(*progress.oldest_unarchived);
  }
  for (const ChunkRange& range : record.intents) {
    json["intents"].push_back(range_to_json(range));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);  // errors may quote bytes
}

std::string serialize(const LoadRecord& record) {
  const LoadProgress& progress = record.job.progress;
  Json json{{"version", kVersion},
            {"info", info_to_json(record.job.info)},
            {"spec", to_json(record.job.spec)},
            {"progress",
             {{"messages", progress.messages},
              {"bytes", progress.bytes},
              {"chunks", progress.chunks},
              {"skipped_chunks", progress.skipped_chunks},
              {"total_messages", progress.total_messages},
              {"rate", progress.rate}}},
            {"fence", record.fence},
            {"epoch", record.position.epoch},
            {"sequence", record.position.sequence},
            {"reached", record.position.reached},
            {"replayed", Json::array()}};
  if (record.extent) {
    json["extent"] = extent_to_json(*record.extent);
  }
  if (record.target) {
    json["target"] = mark_to_json(*record.target);
  }
  if (const auto& exactness = record.job.exactness) {
    json["exactness"] = {{"kind", to_string(exactness->kind)}, {"reason", exactness->reason}};
  }
  for (const auto& chunk : record.replayed) {
    json["replayed"].push_back(chunk_to_json(chunk));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);  // errors may quote bytes
}

std::string serialize(const VerifyRecord& record) {
  const VerifyProgress& progress = record.job.progress;
  Json json{{"version", kVersion},
            {"info", info_to_json(record.job.info)},
            {"spec", to_json(record.job.spec)},
            {"progress",
             {{"messages", progress.messages},
              {"bytes", progress.bytes},
              {"chunks", progress.chunks},
              {"damaged", progress.damaged},
              {"repaired", progress.repaired},
              {"overlaps", progress.overlaps},
              {"gaps", progress.gaps},
              {"foreign", progress.foreign},
              {"last_key", progress.last_key},
              {"findings", findings_to_json(progress.findings)},
              {"rate", progress.rate}}},
            {"fence", record.fence},
            {"position",
             {{"key", percent_encode(record.position.key, "/")},  // any bytes
              {"reached", record.position.reached},
              {"reaching", record.position.reaching}}},
            {"repairing", findings_to_json(record.repairing)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);  // errors may quote bytes
}

Result<StoreRecord> parse_store_record(std::string_view text) {
  return parse_record<StoreRecord>(text, &read_store);
}

Result<LoadRecord> parse_load_record(std::string_view text) {
  return parse_record<LoadRecord>(text, &read_load);
}

Result<VerifyRecord> parse_verify_record(std::string_view text) {
  return parse_record<VerifyRecord>(text, &read_verify);
}

}  // namespace nats3::jobs
