#include "cli/job_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/time_text.h"
#include "cli/text_width.h"

namespace nats3::cli {
namespace {

constexpr double kMostSeconds = 100.0 * 365 * 24 * 3600;  // more would not fit a duration

std::string whole_seconds(double seconds) {
  const double bounded = std::clamp(std::floor(seconds), 0.0, kMostSeconds);
  const std::chrono::seconds whole{static_cast<std::int64_t>(bounded)};
  return whole.count() == 0 ? "<1s" : format_duration(whole);
}

}  // namespace

std::string text_at(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!json.is_object() || !json.contains(at) || json.at(at).is_null()) {
    return "";
  }
  const Json& value = json.at(at);
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string grouped(std::string_view digits) {
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) {
      text += ',';
    }
    text += digits[i];
  }
  return text;
}

std::string count_at(const Json& json, const char* pointer) {
  const std::string text = text_at(json, pointer);
  return text.find_first_not_of("0123456789") == text.npos ? grouped(text) : text;
}

std::string lag_of(const Json& job) {
  const Json::json_pointer at("/progress/lag");
  const bool unknown = job.is_object() && job.contains(at) && job.at(at).is_null();
  return unknown ? "-" : count_at(job, "/progress/lag");
}

std::optional<double> number_at(const Json& json, const char* pointer) {
  const Json::json_pointer at(pointer);
  if (!json.is_object() || !json.contains(at) || !json.at(at).is_number()) {
    return std::nullopt;
  }
  return json.at(at).get<double>();
}

std::string status_of(const Json& job) { return text_at(job, "/status"); }

Color color_of(const std::string& status) {
  if (status == "Running") {
    return Color::kYellow;
  }
  if (status == "Success") {
    return Color::kGreen;
  }
  if (status == "Failure") {
    return Color::kRed;
  }
  return status == "Paused" ? Color::kBlue : Color::kGray;
}

bool has_ended(const std::string& status) { return status == "Success" || status == "Failure"; }

std::string trouble_of(const Json& job) {
  const std::string error = printable(text_at(job, "/last_error"));
  if (error.empty()) {
    return "";
  }
  return fmt::format("{} {}: {}", printable(text_at(job, "/name")),
                     status_of(job) == "Failure" ? "failed" : "waits", error);
}

std::string loss_of(const Json& job) {
  if (number_at(job, "/progress/unseen").value_or(0) <= 0) {
    return "";
  }
  return fmt::format("{}: up to {} messages left the stream before they were archived",
                     printable(text_at(job, "/name")), count_at(job, "/progress/unseen"));
}

std::string rate_of(const Json& job) {
  const auto rate = number_at(job, "/progress/rate");
  if (!rate || status_of(job) != "Running" || *rate < 0 || *rate > 1e15) {
    return "";
  }
  return grouped(fmt::format("{:.0f}", *rate)) + "/s";
}

std::string oldest_age(const Json& job, Timestamp now) {
  const auto oldest = parse_time(text_at(job, "/progress/oldest_unarchived"));
  if (!oldest) {
    return "";
  }
  // Its clock isn't ours: never less than nothing.
  return whole_seconds(std::chrono::duration<double>(now - *oldest).count());
}

std::optional<double> share_of(const Json& job) {
  if (const auto share = number_at(job, "/progress/share")) {
    return std::clamp(*share, 0.0, 1.0);
  }
  const auto done = number_at(job, "/progress/messages");
  const auto total = number_at(job, "/progress/total_messages");
  if (!done || !total || *total <= 0) {
    return std::nullopt;
  }
  return std::clamp(*done / *total, 0.0, 1.0);
}

std::string time_left(const Json& job) {
  const auto seconds = number_at(job, "/progress/seconds_left");
  return seconds && status_of(job) == "Running" ? whole_seconds(std::ceil(*seconds)) : "";
}

}  // namespace nats3::cli
