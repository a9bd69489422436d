#include "jobs/job_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <utility>

#include "base/time_text.h"
#include "base/uuid.h"
#include "jobs/job_json_reader.h"
#include "jobs/spec_names.h"

namespace nats3::jobs {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t kMaxBatchBytes = std::uint64_t{1} << 30;
constexpr std::uint64_t kMaxBatchCount = 10'000'000;
constexpr std::uint64_t kMaxRate = 1'000'000'000'000;
constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

constexpr DurationLimits kMaxWait{std::chrono::milliseconds{10}, std::chrono::hours{1}};
constexpr DurationLimits kPollInterval{std::chrono::milliseconds{10}, std::chrono::hours{24 * 366}};

constexpr std::array<std::pair<Status, std::string_view>, 5> kStatuses{{
    {Status::kCreated, "Created"},
    {Status::kRunning, "Running"},
    {Status::kPaused, "Paused"},
    {Status::kSuccess, "Success"},
    {Status::kFailure, "Failure"},
}};

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

// What an answer has beside the spec. nats-s3-connector ignores such keys in a body, so there are
// scripts that post a job as it was answered, to have another like it.
Json without_answer_keys(Json body) {
  if (body.is_object()) {
    for (const char* key : {"id", "status", "created", "updated", "last_error", "last_error_since",
                            "server", "progress", "exactness", "exactness_reason"}) {
      body.erase(key);
    }
  }
  return body;
}

// The window of a load or a verification.
template <typename Spec>
void read_times(ObjectReader& in, Spec& spec) {
  spec.from_time = in.time("from_time");
  spec.to_time = in.time("to_time");
  if (spec.from_time && spec.to_time && *spec.from_time > *spec.to_time) {
    in.reject("from_time", fmt::format("must not be after to_time ({} > {})",
                                       format_time(*spec.from_time), format_time(*spec.to_time)));
  }
}

std::optional<std::string> read_prefix(const Json& body, ObjectReader& in) {
  if (!in.has("prefix") || !body["prefix"].is_string()) {
    return in.optional_text("prefix", check_prefix);
  }
  auto prefix = archive::trim_prefix(body["prefix"].get_ref<const std::string&>());
  if (auto valid = check_prefix(prefix); !valid) {
    in.reject("prefix", valid.error().message, &body["prefix"]);
  }
  return prefix.empty() ? std::nullopt : std::optional(std::move(prefix));
}

BatchPolicy read_batch(ObjectReader& body) {
  ObjectReader in(body.object("batch"), "batch", {"max_bytes", "max_count", "max_wait"});
  BatchPolicy batch;
  batch.max_bytes = in.whole("max_bytes", 1, kMaxBatchBytes, batch.max_bytes);
  batch.max_count = in.whole("max_count", 1, kMaxBatchCount, batch.max_count);
  if (const auto wait = in.duration("max_wait", kMaxWait)) {
    batch.max_wait = std::chrono::floor<std::chrono::milliseconds>(*wait);
  }
  body.adopt(in);
  return batch;
}

Codec read_codec(ObjectReader& body) {
  ObjectReader in(body.object("encoding"), "encoding", {"codec"});
  const Codec codec = in.choice<Codec>("codec", Codec::kBinary,
                                       {{"Binary", Codec::kBinary},
                                        {"binary", Codec::kBinary},
                                        {"bin", Codec::kBinary},
                                        {"Json", Codec::kJson},
                                        {"json", Codec::kJson},
                                        {"JSON", Codec::kJson}});
  body.adopt(in);
  return codec;
}

Json duration_json(nanoseconds duration) {
  return {{"secs", duration.count() / kNanosPerSecond},
          {"nanos", duration.count() % kNanosPerSecond}};
}

template <typename T, typename Form>
Json or_null(const std::optional<T>& value, Form form) {
  return value ? Json(std::invoke(form, *value)) : Json();
}

Json text_or_null(const std::optional<std::string>& text) { return or_null(text, std::identity{}); }

// To a tenth: what is finer is noise.
double rounded(double rate) { return std::round(rate * 10) / 10; }

// From 0 to 1, or null while nothing was selected.
Json share_done(const LoadProgress& progress) {
  if (progress.total_messages == 0) {
    return {};
  }
  const double share =
      static_cast<double>(progress.messages) / static_cast<double>(progress.total_messages);
  return std::floor(std::min(share, 1.0) * 10'000) / 10'000;
}

// At the present rate; null when it isn't known.
Json seconds_left(const LoadJob& job) {
  const LoadProgress& progress = job.progress;
  if (job.info.status != Status::kRunning || progress.total_messages == 0) {
    return {};
  }
  const std::uint64_t left =
      progress.total_messages - std::min(progress.messages, progress.total_messages);
  if (left == 0) {
    return 0;
  }
  return progress.rate > 0 ? Json(std::ceil(static_cast<double>(left) / progress.rate)) : Json();
}

void add_info(Json& json, const JobInfo& info) {
  json["id"] = info.id;
  json["status"] = to_string(info.status);
  json["created"] = format_time(info.created);
  json["updated"] = format_time(info.updated);
  json["last_error"] = info.last_error.empty() ? Json() : Json(info.last_error);
  json["last_error_since"] = or_null(info.last_error_since, format_time);
  json["server"] = info.server.empty() ? Json() : Json(info.server);
}

// Without ids the place of a message in the target has to stand for it.
void check_without_ids(const LoadSpec& spec, ObjectReader& in) {
  if (!spec.strict) {
    in.reject("message_ids", "can be false only with strict true: nobody else may publish there");
  }
  if (spec.on_corrupt == OnCorrupt::kSkip || spec.delete_chunks) {
    in.reject("message_ids",
              "can be false only with on_corrupt fail and delete_chunks false: a chunk that comes "
              "back would change the place of all after it");
  }
}

}  // namespace

Result<StoreSpec> parse_store_spec(const Json& whole) {
  const Json body = without_answer_keys(whole);
  ObjectReader in(body, "",
                  {"name", "bucket", "prefix", "stream", "consumer", "adopt_consumer", "subject",
                   "batch", "encoding"});
  StoreSpec spec;
  spec.name = in.text("name", check_job_name);
  spec.bucket = in.text("bucket", check_bucket_name);
  spec.prefix = read_prefix(body, in);
  spec.stream = in.text("stream", check_nats_name);
  spec.consumer = in.optional_text("consumer", check_nats_name);
  spec.adopt_consumer = in.optional_text("adopt_consumer", check_nats_name);
  spec.subject = in.text("subject", check_selected_subject);
  spec.batch = read_batch(in);
  spec.codec = read_codec(in);
  if (auto done = in.finish(); !done) {
    return fail(done.error());
  }
  return spec;
}

Result<LoadSpec> parse_load_spec(const Json& whole) {
  const Json body = without_answer_keys(whole);
  ObjectReader in(body, "",
                  {"name", "bucket", "prefix", "read_stream", "read_consumer", "read_subject",
                   "write_subject", "poll_interval", "delete_chunks", "from_time", "to_time",
                   "on_corrupt", "origin_headers", "strict", "message_ids"});
  LoadSpec spec;
  spec.name = in.optional_text("name", check_job_name).value_or("");
  spec.bucket = in.text("bucket", check_bucket_name);
  spec.prefix = read_prefix(body, in);
  spec.read_stream = in.text("read_stream", check_nats_name);
  spec.read_consumer = in.optional_text("read_consumer", check_nats_name);
  spec.read_subject = in.text("read_subject", check_selected_subject);
  spec.write_subject = in.text("write_subject", [](std::string_view) { return Result<void>{}; });
  spec.poll_interval = in.duration("poll_interval", kPollInterval);
  spec.delete_chunks = in.boolean("delete_chunks", spec.delete_chunks);
  read_times(in, spec);
  spec.on_corrupt = in.choice<OnCorrupt>("on_corrupt", spec.on_corrupt,
                                         {{"fail", OnCorrupt::kFail}, {"skip", OnCorrupt::kSkip}});
  spec.origin_headers = in.boolean("origin_headers", spec.origin_headers);
  spec.strict = in.boolean("strict", spec.strict);
  spec.message_ids = in.boolean("message_ids", spec.message_ids);
  if (!spec.message_ids) {
    check_without_ids(spec, in);
  }
  if (auto done = in.finish(); !done) {
    return fail(done.error());
  }
  if (auto target = check_write_subject(spec.read_subject, spec.write_subject); !target) {
    return fail(target.error());
  }
  if (spec.name.empty()) {
    spec.name = fmt::format("load-{}", make_uuid().substr(0, 8));
  }
  return spec;
}

Result<VerifySpec> parse_verify_spec(const Json& whole) {
  const Json body = without_answer_keys(whole);
  ObjectReader in(body, "",
                  {"name", "bucket", "prefix", "stream", "from_time", "to_time", "rate", "repair"});
  VerifySpec spec;
  spec.name = in.optional_text("name", check_job_name).value_or("");
  spec.bucket = in.text("bucket", check_bucket_name);
  spec.prefix = read_prefix(body, in);
  spec.stream = in.text("stream", check_nats_name);
  read_times(in, spec);
  spec.rate = in.whole("rate", 1, kMaxRate, spec.rate);
  spec.repair = in.boolean("repair", spec.repair);
  if (auto done = in.finish(); !done) {
    return fail(done.error());
  }
  if (spec.name.empty()) {
    spec.name = fmt::format("verify-{}", make_uuid().substr(0, 8));
  }
  return spec;
}

Result<Start> take_start(Json& body) {
  if (!body.is_object() || !body.contains("paused")) {
    return Start::kNow;
  }
  const Json paused = body["paused"];
  body.erase("paused");
  if (!paused.is_boolean() && !paused.is_null()) {
    return invalid(fmt::format("paused: must be true or false, got {}", shown(paused)));
  }
  return paused == true ? Start::kPaused : Start::kNow;
}

Json to_json(const StoreSpec& spec) {
  return {{"name", spec.name},
          {"bucket", spec.bucket},
          {"prefix", text_or_null(spec.prefix)},
          {"stream", spec.stream},
          {"consumer", text_or_null(spec.consumer)},
          {"adopt_consumer", text_or_null(spec.adopt_consumer)},
          {"subject", spec.subject},
          {"batch",
           {{"max_bytes", spec.batch.max_bytes},
            {"max_count", spec.batch.max_count},
            {"max_wait", duration_json(spec.batch.max_wait)}}},
          {"encoding", {{"codec", spec.codec == Codec::kJson ? "Json" : "Binary"}}}};
}

Json to_json(const LoadSpec& spec) {
  return {{"name", spec.name},
          {"bucket", spec.bucket},
          {"prefix", text_or_null(spec.prefix)},
          {"read_stream", spec.read_stream},
          {"read_consumer", text_or_null(spec.read_consumer)},
          {"read_subject", spec.read_subject},
          {"write_subject", spec.write_subject},
          {"poll_interval", or_null(spec.poll_interval, duration_json)},
          {"delete_chunks", spec.delete_chunks},
          {"from_time", or_null(spec.from_time, format_time)},
          {"to_time", or_null(spec.to_time, format_time)},
          {"on_corrupt", spec.on_corrupt == OnCorrupt::kSkip ? "skip" : "fail"},
          {"origin_headers", spec.origin_headers},
          {"strict", spec.strict},
          {"message_ids", spec.message_ids}};
}

Json to_json(const VerifySpec& spec) {
  return {{"name", spec.name},
          {"bucket", spec.bucket},
          {"prefix", text_or_null(spec.prefix)},
          {"stream", spec.stream},
          {"from_time", or_null(spec.from_time, format_time)},
          {"to_time", or_null(spec.to_time, format_time)},
          {"rate", spec.rate},
          {"repair", spec.repair}};
}

Json to_json(const StoreJob& job) {
  Json json = to_json(job.spec);
  add_info(json, job.info);
  const StoreProgress& progress = job.progress;
  json["progress"] = {{"messages", progress.messages},
                      {"bytes", progress.bytes},
                      {"stored_bytes", progress.stored_bytes},
                      {"chunks", progress.chunks},
                      {"last_sequence", progress.last_sequence},
                      {"lag", or_null(progress.lag, std::identity{})},
                      {"oldest_unarchived", or_null(progress.oldest_unarchived, format_time)},
                      {"unseen", progress.unseen},
                      {"rate", rounded(progress.rate)}};
  return json;
}

Json to_json(const LoadJob& job) {
  Json json = to_json(job.spec);
  add_info(json, job.info);
  const LoadProgress& progress = job.progress;
  json["progress"] = {{"messages", progress.messages},
                      {"bytes", progress.bytes},
                      {"chunks", progress.chunks},
                      {"skipped_chunks", progress.skipped_chunks},
                      {"last_sequence", progress.last_sequence},
                      {"total_messages", progress.total_messages},
                      {"share", share_done(progress)},
                      {"rate", rounded(progress.rate)},
                      {"seconds_left", seconds_left(job)}};
  json["exactness"] = job.exactness ? Json(to_string(job.exactness->kind)) : Json();
  json["exactness_reason"] =
      job.exactness && !job.exactness->reason.empty() ? Json(job.exactness->reason) : Json();
  return json;
}

Json to_json(const catalog::Finding& finding) {
  return {{"key", finding.key},
          {"kind", catalog::to_string(finding.kind)},
          {"detail", finding.detail},
          {"cause", finding.cause},
          {"repaired", finding.repaired}};
}

Json to_json(const VerifyJob& job) {
  Json json = to_json(job.spec);
  add_info(json, job.info);
  const VerifyProgress& progress = job.progress;
  json["progress"] = {{"messages", progress.messages}, {"bytes", progress.bytes},
                      {"chunks", progress.chunks},     {"damaged", progress.damaged},
                      {"repaired", progress.repaired}, {"overlaps", progress.overlaps},
                      {"gaps", progress.gaps},         {"foreign", progress.foreign},
                      {"last_key", progress.last_key}, {"findings", Json::array()},
                      {"rate", rounded(progress.rate)}};
  for (const catalog::Finding& finding : progress.findings) {
    json["progress"]["findings"].push_back(to_json(finding));
  }
  return json;
}

Json to_json(const ServerStatus& server) {
  return {{"id", server.info.id},
          {"name", server.info.name},
          {"version", server.info.version},
          {"started", format_time(server.info.started)},
          {"self", server.self},
          {"store_jobs", server.store_jobs},
          {"load_jobs", server.load_jobs},
          {"verify_jobs", server.verify_jobs}};
}

std::string_view to_string(Status status) {
  const auto* const found =
      std::ranges::find(kStatuses, status, &decltype(kStatuses)::value_type::first);
  return found == kStatuses.end() ? "Failure" : found->second;
}

std::string_view to_string(Exactness::Kind kind) {
  return kind == Exactness::Kind::kReadBack ? "read_back" : "window";
}

Result<Exactness::Kind> parse_exactness(std::string_view text) {
  for (const auto kind : {Exactness::Kind::kReadBack, Exactness::Kind::kWindow}) {
    if (text == to_string(kind)) {
      return kind;
    }
  }
  return invalid(fmt::format("unknown exactness {}", shown(Json(std::string(text)))));
}

Result<Status> parse_status(std::string_view text) {
  const auto* const found =
      std::ranges::find(kStatuses, text, &decltype(kStatuses)::value_type::second);
  if (found == kStatuses.end()) {
    return invalid(fmt::format("'{}' is not a job status", text.substr(0, 64)));
  }
  return found->first;
}

}  // namespace nats3::jobs
