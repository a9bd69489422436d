#include "jobs/job_json_reader.h"

#include <fmt/format.h>

#include "base/time_text.h"

namespace nats3::jobs {
namespace {

using std::chrono::nanoseconds;

constexpr std::uint64_t kNanosPerSecond = 1'000'000'000;
constexpr std::uint64_t kMaxSeconds = 100ULL * 366 * 86'400;  // far from what nanoseconds can hold

std::optional<std::uint64_t> as_whole(const Json& value) {
  if (!value.is_number_integer() ||
      (!value.is_number_unsigned() && value.get<std::int64_t>() < 0)) {
    return std::nullopt;
  }
  return value.get<std::uint64_t>();
}

// With its digits in groups of three.
std::string grouped(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) {
      text += ',';
    }
    text += digits[i];
  }
  return text;
}

std::optional<nanoseconds> as_duration(const Json& value) {
  if (value.is_string()) {
    const auto parsed = parse_duration(value.get<std::string>());
    return parsed ? std::optional(*parsed) : std::nullopt;
  }
  if (!value.is_object() || !check_keys(value, {"secs", "nanos"}) || !value.contains("secs")) {
    return std::nullopt;
  }
  const auto secs = as_whole(value["secs"]);
  const auto nanos = as_whole(value.value("nanos", Json(0)));
  if (!secs || *secs > kMaxSeconds || !nanos || *nanos >= kNanosPerSecond) {
    return std::nullopt;
  }
  return std::chrono::seconds{*secs} + nanoseconds{*nanos};
}

}  // namespace

std::string shown(const Json& value) {
  std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > 80) {
    text.resize(77);
    text += "...";
  }
  return text;
}

ObjectReader::ObjectReader(const Json& object, std::string path,
                           const std::vector<std::string_view>& known)
    : object_(object), path_(std::move(path)) {
  if (!object.is_object()) {
    reject(path_.empty() ? "the body" : path_, "must be a JSON object", &object);
  } else if (auto keys = check_keys(object, known); !keys) {
    error_ = path_.empty() ? keys.error() : keys.error().with_context(path_);
  }
}

bool ObjectReader::has(const char* key) const {
  return !error_ && object_.contains(key) && !object_.at(key).is_null();
}

std::string ObjectReader::text(const char* key, Check check) {
  if (!has(key)) {
    missing_.emplace_back(key);
    return {};
  }
  const Json& value = object_.at(key);
  if (!value.is_string()) {
    reject(name(key), "must be a string", &value);
    return {};
  }
  auto text = value.get<std::string>();
  if (auto valid = check(text); !valid) {
    reject(name(key), valid.error().message, &value);
  }
  return text;
}

std::optional<std::string> ObjectReader::optional_text(const char* key, Check check) {
  if (!has(key) || object_.at(key) == "") {
    return std::nullopt;
  }
  return text(key, check);
}

bool ObjectReader::boolean(const char* key, bool otherwise) {
  if (!has(key)) {
    return otherwise;
  }
  const Json& value = object_.at(key);
  if (!value.is_boolean()) {
    reject(name(key), "must be true or false", &value);
    return otherwise;
  }
  return value.get<bool>();
}

std::uint64_t ObjectReader::whole(const char* key, std::uint64_t min, std::uint64_t max,
                                  std::uint64_t otherwise) {
  if (!has(key)) {
    return otherwise;
  }
  const Json& value = object_.at(key);
  const auto whole = as_whole(value);
  if (!whole || *whole < min || *whole > max) {
    reject(name(key),
           fmt::format("must be a whole number from {} to {}", grouped(min), grouped(max)), &value);
    return otherwise;
  }
  return *whole;
}

std::optional<nanoseconds> ObjectReader::duration(const char* key, DurationLimits limits) {
  if (!has(key)) {
    return std::nullopt;
  }
  const Json& value = object_.at(key);
  const auto duration = as_duration(value);
  if (!duration || *duration < limits.min || *duration > limits.max) {
    reject(name(key),
           fmt::format(
               R"(must be a duration from {} to {}, such as "5s" or {{"secs": 5, "nanos": 0}})",
               format_duration(limits.min), format_duration(limits.max)),
           &value);
    return std::nullopt;
  }
  return duration;
}

std::optional<Timestamp> ObjectReader::time(const char* key) {
  if (!has(key)) {
    return std::nullopt;
  }
  const Json& value = object_.at(key);
  const auto time = parse_time(value.is_string() ? value.get<std::string>() : "");
  if (!time) {
    reject(name(key), "must be an RFC 3339 time such as \"2026-11-24T08:30:00Z\", in 1678 to 2261",
           &value);
    return std::nullopt;
  }
  return *time;
}

const Json& ObjectReader::object(const char* key) const {
  static const Json kEmpty = Json::object();
  return has(key) ? object_.at(key) : kEmpty;
}

void ObjectReader::reject(std::string_view what, std::string_view why, const Json* value) {
  if (!error_) {
    error_ = Error{ErrorCode::kInvalid,
                   value == nullptr ? fmt::format("{}: {}", what, why)
                                    : fmt::format("{}: {}, got {}", what, why, shown(*value))};
  }
}

void ObjectReader::adopt(const ObjectReader& nested) {
  if (!error_) {
    error_ = nested.error_;
  }
}

Result<void> ObjectReader::finish() const {
  if (error_) {
    return fail(*error_);
  }
  if (!missing_.empty()) {
    return fail(ErrorCode::kInvalid,
                fmt::format("missing {}: {}", missing_.size() == 1 ? "key" : "keys",
                            fmt::join(missing_, ", ")));
  }
  return {};
}

std::string ObjectReader::name(const char* key) const {
  return path_.empty() ? key : path_ + "." + key;
}

void ObjectReader::reject_choice(const char* key, const std::vector<std::string_view>& spellings) {
  std::vector<std::string> quoted;
  for (const std::string_view spelling : spellings) {
    quoted.push_back(fmt::format("\"{}\"", spelling));
  }
  reject(name(key), fmt::format("must be one of {}", fmt::join(quoted, ", ")), &object_.at(key));
}

}  // namespace nats3::jobs
