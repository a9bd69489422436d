// The fields of a new job, as the command line takes them: one table from which the flags, the
// questions of --interactive and the JSON body are made.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace nats3::cli {

enum class JobKind { kStore, kLoad, kVerify };

[[nodiscard]] std::string_view to_string(JobKind kind);  // "store"

enum class FieldType {
  kText,
  kWhole,     // a whole number
  kDuration,  // "30s", "5m", "1h 30min"
  kTime,      // RFC 3339
  kCodec,     // json, bin or binary
  kYes,       // a flag without a value: true when given
  kNo,        // false when given
};

enum class Need { kRequired, kOptional };

struct Field {
  const char* flag;      // "--batch-max-bytes"
  const char* pointer;   // "/batch/max_bytes", RFC 6901
  const char* question;  // "" when --interactive doesn't ask for it
  const char* help;
  FieldType type = FieldType::kText;
  Need need = Need::kOptional;
  const char* choices = "";  // "json|binary" when it's one of a few
};

[[nodiscard]] std::span<const Field> fields_of(JobKind kind);

// What help shows for the value of `field`: "NUMBER", or its choices.
[[nodiscard]] std::string value_name(const Field& field);

// The JSON value for `text`. Only the form is checked; limits are the server's to know.
// Errors: kInvalid, naming the flag.
[[nodiscard]] Result<Json> field_value(const Field& field, const std::string& text);

// Reads a duration in the units of parse_duration and in the long ones people know from elsewhere:
// "5min", "2 hours", "1day". Errors: kInvalid.
[[nodiscard]] Result<std::chrono::nanoseconds> parse_long_duration(std::string_view text);

}  // namespace nats3::cli
