#include "cli/job_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "base/ascii.h"
#include "base/time_text.h"

namespace nats3::cli {
namespace {

constexpr std::array<Field, 12> kStoreFields{{
    {"--name", "/name", "Job name", "Name of the job", FieldType::kText, Need::kRequired},
    {"--stream", "/stream", "Stream", "Stream to archive", FieldType::kText, Need::kRequired},
    {"--consumer", "/consumer", "Consumer",
     "Durable consumer to read with; created when it is missing"},
    {"--subject", "/subject", "Subject", "Subjects to archive, such as orders.>", FieldType::kText,
     Need::kRequired},
    {"--bucket", "/bucket", "Bucket", "Bucket to archive to; created when it is missing",
     FieldType::kText, Need::kRequired},
    {"--prefix", "/prefix", "Key prefix", "What keys in the bucket begin with"},
    {"--batch-max-bytes", "/batch/max_bytes", "Most bytes a chunk",
     "Most bytes of content in a chunk [16000000]", FieldType::kWhole},
    {"--batch-max-count", "/batch/max_count", "Most messages a chunk",
     "Most messages in a chunk [100000]", FieldType::kWhole},
    {"--batch-max-wait", "/batch/max_wait", "Longest wait for a chunk",
     "Write a chunk at the latest after this, such as 5s [5s]", FieldType::kDuration},
    {"--codec", "/encoding/codec", "Codec (json or binary)", "How chunks hold messages [binary]",
     FieldType::kCodec, Need::kOptional, "json|bin|binary"},
    {"--adopt-consumer", "/adopt_consumer", "",
     "Continue where this durable consumer is, such as one of nats-s3-connector"},
    {"--paused", "/paused", "", "Create the job paused; resume starts it", FieldType::kYes},
}};

constexpr std::array<Field, 16> kLoadFields{{
    {"--name", "/name", "Job name", "Name of the job; generated when left out"},
    {"--bucket", "/bucket", "Bucket", "Bucket to replay from", FieldType::kText, Need::kRequired},
    {"--prefix", "/prefix", "Key prefix", "What keys in the bucket begin with"},
    {"--read-stream", "/read_stream", "Stream to replay", "Stream that was archived",
     FieldType::kText, Need::kRequired},
    {"--read-consumer", "/read_consumer", "", "Kept with the job; not used"},
    {"--read-subject", "/read_subject", "Subject to replay", "Subjects to replay, such as orders.>",
     FieldType::kText, Need::kRequired},
    {"--write-subject", "/write_subject", "Subject to publish to",
     "Subject to publish to; {{subject}} is the original one, {{wildcard(1)}} a token of it",
     FieldType::kText, Need::kRequired},
    {"--poll-interval", "/poll_interval", "Interval to look again at",
     "Look for more at this interval, such as 30s or 5m, instead of ending", FieldType::kDuration},
    {"--delete-chunks", "/delete_chunks", "Delete chunks once they are replayed (y/n)",
     "Delete chunks from the bucket once they are replayed", FieldType::kYes},
    {"--from-time", "/from_time", "From time", "Only messages from this time on, RFC 3339",
     FieldType::kTime},
    {"--to-time", "/to_time", "To time", "Only messages up to and including this time, RFC 3339",
     FieldType::kTime},
    {"--on-corrupt", "/on_corrupt", "", "What a damaged chunk does [fail]", FieldType::kText,
     Need::kOptional, "fail|skip"},
    {"--no-origin-headers", "/origin_headers", "",
     "Don't add Nats3-Stream, Nats3-Sequence and Nats3-Time", FieldType::kNo},
    {"--strict", "/strict", "",
     "Store each message only right after the one before; nobody else may publish there",
     FieldType::kYes},
    {"--no-message-ids", "/message_ids", "",
     "Publish without Nats-Msg-Id, which is faster; needs --strict", FieldType::kNo},
    {"--paused", "/paused", "", "Create the job paused; resume starts it", FieldType::kYes},
}};

constexpr std::array<Field, 9> kVerifyFields{{
    {"--name", "/name", "Job name", "Name of the job; generated when left out"},
    {"--bucket", "/bucket", "Bucket", "Bucket of the archive", FieldType::kText, Need::kRequired},
    {"--prefix", "/prefix", "Key prefix", "What keys in the bucket begin with"},
    {"--stream", "/stream", "Stream", "Stream that was archived", FieldType::kText,
     Need::kRequired},
    {"--from-time", "/from_time", "From time",
     "Only chunks with messages from this time on, RFC 3339", FieldType::kTime},
    {"--to-time", "/to_time", "To time",
     "Only chunks with messages up to and including this time, RFC 3339", FieldType::kTime},
    {"--rate", "/rate", "Most bytes a second", "Read at most so many bytes a second [50000000]",
     FieldType::kWhole},
    {"--no-repair", "/repair", "", "Only look: don't archive again what is damaged",
     FieldType::kNo},
    {"--paused", "/paused", "", "Create the job paused; resume starts it", FieldType::kYes},
}};

struct UnitName {
  std::string_view name;
  std::string_view unit;  // of parse_duration
};

constexpr std::array<UnitName, 16> kUnits{{{"nsec", "ns"},
                                           {"usec", "us"},
                                           {"msec", "ms"},
                                           {"sec", "s"},
                                           {"secs", "s"},
                                           {"second", "s"},
                                           {"seconds", "s"},
                                           {"min", "m"},
                                           {"mins", "m"},
                                           {"minute", "m"},
                                           {"minutes", "m"},
                                           {"hr", "h"},
                                           {"hour", "h"},
                                           {"hours", "h"},
                                           {"day", "d"},
                                           {"days", "d"}}};

bool is_yes(const std::string& text) { return text == "y" || text == "yes" || text == "true"; }
bool is_no(const std::string& text) { return text == "n" || text == "no" || text == "false"; }

Result<Json> flag_value(const Field& field, const std::string& text) {
  if (!is_yes(text) && !is_no(text)) {
    return fail(ErrorCode::kInvalid, fmt::format("{}: '{}' is neither y nor n", field.flag, text));
  }
  return Json((field.type == FieldType::kYes) == is_yes(text));
}

// In any case: answers say Json and Binary.
Result<Json> codec_value(const Field& field, const std::string& text) {
  const std::string lower = lower_case(text);
  if (lower != "json" && lower != "bin" && lower != "binary") {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: '{}' is not a codec: json, bin or binary", field.flag, text));
  }
  return Json(lower);
}

Result<Json> whole_value(const Field& field, const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{}: '{}' is not a whole number", field.flag, text));
  }
  return Json(number);
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

std::span<const Field> fields_of(JobKind kind) {
  switch (kind) {
    case JobKind::kStore:
      return kStoreFields;
    case JobKind::kLoad:
      return kLoadFields;
    case JobKind::kVerify:
      return kVerifyFields;
  }
  return kStoreFields;
}

std::string value_name(const Field& field) {
  if (*field.choices != '\0') {
    return field.choices;
  }
  switch (field.type) {
    case FieldType::kWhole:
      return "NUMBER";
    case FieldType::kDuration:
      return "DURATION";
    case FieldType::kTime:
      return "TIME";
    case FieldType::kText:
    case FieldType::kCodec:
    case FieldType::kYes:
    case FieldType::kNo:
      break;
  }
  return "TEXT";
}

Result<Json> field_value(const Field& field, const std::string& text) {
  switch (field.type) {
    case FieldType::kText:
      return Json(text);
    case FieldType::kWhole:
      return whole_value(field, text);
    case FieldType::kDuration: {
      const auto duration = parse_long_duration(text);
      if (!duration) {
        return fail(duration.error().with_context(field.flag));
      }
      const auto seconds = std::chrono::floor<std::chrono::seconds>(*duration);
      return Json{{"secs", seconds.count()}, {"nanos", (*duration - seconds).count()}};
    }
    case FieldType::kTime: {
      const auto time = parse_time(text);
      return time ? Result<Json>(Json(text)) : fail(time.error().with_context(field.flag));
    }
    case FieldType::kCodec:
      return codec_value(field, text);
    case FieldType::kYes:
    case FieldType::kNo:
      return flag_value(field, text);
  }
  return fail(ErrorCode::kInternal, field.flag);
}

Result<std::chrono::nanoseconds> parse_long_duration(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size();) {
    if (std::isalpha(static_cast<unsigned char>(text[i])) == 0) {
      plain += text[i] == ' ' ? "" : std::string(1, text[i]);
      ++i;
      continue;
    }
    const std::size_t begin = i;
    while (i < text.size() && std::isalpha(static_cast<unsigned char>(text[i])) != 0) {
      ++i;
    }
    const std::string_view word = text.substr(begin, i - begin);
    const auto* const unit = std::ranges::find(kUnits, word, &UnitName::name);
    plain += unit == kUnits.end() ? word : unit->unit;
  }
  auto duration = parse_duration(plain);
  return duration ? duration
                  : fail(ErrorCode::kInvalid,
                         fmt::format("'{}' is not a duration such as 30s, 5m or 1h30m",
                                     text.substr(0, 64)));
}

}  // namespace nats3::cli
