#include "cli/watch_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cli/job_values.h"
#include "cli/table.h"
#include "cli/text_width.h"

namespace nats3::cli {
namespace {

constexpr std::size_t kBarWidth = 20;
constexpr std::size_t kNameWidth = 24;

// Rounded down: 100% is said only of what is done.
std::string percent(double share) { return fmt::format("{:.0f}%", std::floor(share * 100)); }

std::string short_name(const Json& job) {
  return cut_to_width(printable(text_at(job, "/name")), kNameWidth);
}

Table store_table(const Json& jobs, Timestamp now) {
  Table table({{"ID", Align::kLeft, Fit::kWhole},
               {"NAME"},
               {"STATUS", Align::kLeft, Fit::kWhole},
               {"MESSAGES", Align::kRight, Fit::kWhole},
               {"RATE", Align::kRight, Fit::kWhole},
               {"LAG", Align::kRight, Fit::kWhole},
               {"OLDEST", Align::kRight, Fit::kWhole}});
  for (const Json& job : jobs) {
    const std::string status = status_of(job);
    table.add_row({{text_at(job, "/id")},
                   {short_name(job)},
                   {status, color_of(status)},
                   {count_at(job, "/progress/messages")},
                   {rate_of(job)},
                   {lag_of(job)},
                   {oldest_age(job, now)}});
  }
  return table;
}

Table load_table(const Json& jobs) {
  Table table({{"ID", Align::kLeft, Fit::kWhole},
               {"NAME"},
               {"STATUS", Align::kLeft, Fit::kWhole},
               {"PROGRESS", Align::kLeft, Fit::kWhole},
               {"DONE", Align::kRight, Fit::kWhole},
               {"MESSAGES", Align::kRight, Fit::kWhole},
               {"OF", Align::kRight, Fit::kWhole},
               {"RATE", Align::kRight, Fit::kWhole},
               {"LEFT", Align::kRight, Fit::kWhole}});
  for (const Json& job : jobs) {
    const std::string status = status_of(job);
    const auto share = share_of(job);
    table.add_row({{text_at(job, "/id")},
                   {short_name(job)},
                   {status, color_of(status)},
                   {share ? progress_bar(*share, kBarWidth) : "", color_of(status)},
                   {share ? percent(*share) : ""},
                   {count_at(job, "/progress/messages")},
                   {count_at(job, "/progress/total_messages")},
                   {rate_of(job)},
                   {time_left(job)}});
  }
  return table;
}

Table verify_table(const Json& jobs) {
  Table table({{"ID", Align::kLeft, Fit::kWhole},
               {"NAME"},
               {"STATUS", Align::kLeft, Fit::kWhole},
               {"CHUNKS", Align::kRight, Fit::kWhole},
               {"MESSAGES", Align::kRight, Fit::kWhole},
               {"RATE", Align::kRight, Fit::kWhole},
               {"DAMAGED", Align::kRight, Fit::kWhole},
               {"REPAIRED", Align::kRight, Fit::kWhole}});
  for (const Json& job : jobs) {
    const std::string status = status_of(job);
    table.add_row({{text_at(job, "/id")},
                   {short_name(job)},
                   {status, color_of(status)},
                   {count_at(job, "/progress/chunks")},
                   {count_at(job, "/progress/messages")},
                   {rate_of(job)},
                   {count_at(job, "/progress/damaged")},
                   {count_at(job, "/progress/repaired")}});
  }
  return table;
}

Table table_of(JobKind kind, const Json& jobs, Timestamp now) {
  switch (kind) {
    case JobKind::kStore:
      return store_table(jobs, now);
    case JobKind::kLoad:
      return load_table(jobs);
    case JobKind::kVerify:
      return verify_table(jobs);
  }
  return store_table(jobs, now);
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

}  // namespace

std::string progress_bar(double share, std::size_t width) {
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * width);
  std::string bar;
  for (std::size_t i = 0; i < width; ++i) {
    bar += i < full ? "█" : "░";
  }
  return bar;
}

std::vector<std::string> watch_table(JobKind kind, const Json& jobs, Timestamp now,
                                     const ViewStyle& style) {
  Table table = table_of(kind, jobs, now);
  // What can be told from the rest, or matters least, goes first.
  for (const char* title : {"ID", "OF", "MESSAGES", "PROGRESS", "OLDEST", "LEFT", "RATE", "LAG"}) {
    if (style.columns == 0 || table.full_width() <= style.columns) {
      break;
    }
    // Of a store job the messages say more than their age; a load still has its share.
    if (kind == JobKind::kLoad || std::string_view(title) != "MESSAGES") {
      table.drop(title);
    }
  }
  std::vector<std::string> lines =
      split_lines(table.text({.max_width = style.columns, .colors = style.colors}));
  for (const Json& job : jobs) {
    if (const std::string trouble = trouble_of(job); !trouble.empty()) {
      lines.push_back(style.colors ? colored(trouble, color_of(status_of(job))) : trouble);
    }
    if (const std::string loss = loss_of(job); !loss.empty()) {
      lines.push_back(style.colors ? colored(loss, Color::kRed) : loss);
    }
  }
  return lines;
}

std::string watch_line(JobKind kind, const Json& job, Timestamp now) {
  std::string line = printable(status_of(job));
  const auto add = [&](std::string_view before, const std::string& value, std::string_view after) {
    if (!value.empty()) {
      line += fmt::format(", {}{}{}", before, printable(value), after);
    }
  };
  const std::string total = count_at(job, "/progress/total_messages");
  if (const auto share = share_of(job); kind == JobKind::kLoad && share) {
    add("", percent(*share), "");
  }
  add("", count_at(job, "/progress/messages"),
      kind == JobKind::kLoad && !total.empty() ? fmt::format(" of {} messages", printable(total))
                                               : " messages");
  add("", rate_of(job), "");
  if (kind == JobKind::kStore) {
    add("lag ", count_at(job, "/progress/lag"), "");
    add("oldest ", oldest_age(job, now), "");
  } else if (kind == JobKind::kVerify) {
    add("", count_at(job, "/progress/damaged"), " damaged");
    add("", count_at(job, "/progress/repaired"), " repaired");
  } else {
    add("", time_left(job), " left");
  }
  const std::string error = text_at(job, "/last_error");
  add(status_of(job) == "Failure" ? "failed: " : "waits: ", error, "");
  return line;
}

Json watch_state(const Json& job) {
  Json state = Json::object();
  for (const char* pointer :
       {"/status", "/name", "/last_error", "/progress/messages", "/progress/lag",
        "/progress/total_messages", "/progress/skipped_chunks", "/progress/damaged",
        "/progress/repaired"}) {
    state[pointer] = text_at(job, pointer);
  }
  return state;
}

}  // namespace nats3::cli
