#include "cli/archive_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/archive_place.h"
#include "cli/archive_prune.h"
#include "cli/archive_sum.h"
#include "cli/job_output.h"
#include "cli/job_values.h"
#include "cli/text_width.h"

namespace nats3::cli {
namespace {

Result<Json> get_stream(const Session& session, const ArchivePlace& place,
                        const std::string& stream) {
  Query query = place.query();
  query["stream"] = stream;
  return session.client.get("/archive/stream", query);
}

std::vector<Json> items(const Json& json, const char* key) {
  const bool there = json.is_object() && json.contains(key) && json[key].is_array();
  return there ? std::vector<Json>(json[key].begin(), json[key].end()) : std::vector<Json>{};
}

std::vector<std::string> texts(const Json& json, const char* key) {
  std::vector<std::string> found;
  for (const Json& item : items(json, key)) {
    found.push_back(item.is_string() ? item.get<std::string>() : "");
  }
  return found;
}

// Calls `visit` with the epoch's name ("" for old chunks) and the subject.
void visit_subjects(const Json& stream, const auto& visit) {
  for (const Json& epoch : items(stream, "epochs")) {
    for (const Json& subject : items(epoch, "subjects")) {
      visit(text_at(epoch, "/epoch"), subject);
    }
  }
  for (const Json& subject : items(stream, "old_chunks")) {
    visit("", subject);
  }
}

void print_streams(const Session& session, const Json& streams) {
  Table table({{"STREAM"},
               {"EPOCHS", Align::kRight, Fit::kWhole},
               {"MESSAGES", Align::kRight, Fit::kWhole},
               {"CHUNKS", Align::kRight, Fit::kWhole},
               {"FROM", Align::kLeft, Fit::kWhole},
               {"TO", Align::kLeft, Fit::kWhole}});
  for (const Json& stream : streams) {
    ArchiveSum sum;
    visit_subjects(stream, [&](const std::string&, const Json& subject) { sum.add(subject); });
    table.add_row({{text_at(stream, "/stream")},
                   {std::to_string(items(stream, "epochs").size())},
                   {grouped(std::to_string(sum.messages))},
                   {grouped(std::to_string(sum.chunks))},
                   {to_second(sum.from)},
                   {to_second(sum.to)}});
  }
  session.io.out << table.text({.max_width = session.io.columns, .colors = session.io.colors()});
}

Outcome list_streams(const Session& session, const ArchivePlace& place) {
  const auto found = session.client.get("/archive/streams", place.query());
  if (!found) {
    return failed(found.error());
  }
  Json streams = Json::array();
  std::string errors;
  for (const std::string& name : texts(*found, "streams")) {
    auto stream = get_stream(session, place, name);
    if (stream) {
      streams.push_back(std::move(*stream));
    } else {
      errors += fmt::format("{}{}: {}", errors.empty() ? "" : "\n", printable(name),
                            stream.error().message);
    }
  }
  std::vector<std::string> folders = texts(*found, "folders");
  std::ranges::transform(folders, folders.begin(), printable);
  if (session.format == OutputFormat::kJson) {
    print_json(session.io, streams);
  } else if (!streams.empty()) {
    print_streams(session, streams);
  } else if (errors.empty()) {
    session.io.err << fmt::format("no stream is archived in {}\n", place.text());
  }
  if (!folders.empty()) {
    session.io.err << fmt::format("folders without a stream, which may be prefixes: {}\n",
                                  fmt::join(folders, ", "));
  }
  return errors.empty() ? Outcome{} : failed(std::move(errors));
}

Outcome show_stream(const Session& session, const ArchivePlace& place, const std::string& stream) {
  const auto found = get_stream(session, place, stream);
  if (!found) {
    return failed(found.error());
  }
  if (session.format == OutputFormat::kJson) {
    print_json(session.io, *found);
    return {};
  }
  Table table({{"EPOCH", Align::kLeft, Fit::kWhole},
               {"SUBJECT"},
               {"FIRST", Align::kRight, Fit::kWhole},
               {"LAST", Align::kRight, Fit::kWhole},
               {"MESSAGES", Align::kRight, Fit::kWhole},
               {"CHUNKS", Align::kRight, Fit::kWhole},
               {"FROM", Align::kLeft, Fit::kWhole},
               {"TO", Align::kLeft, Fit::kWhole}});
  for (const Json& epoch : items(*found, "epochs")) {
    if (items(epoch, "subjects").empty()) {  // just begun
      table.add_row({{text_at(epoch, "/epoch")}, {}, {}, {}, {"0"}, {"0"}, {}, {}});
    }
  }
  visit_subjects(*found, [&](const std::string& epoch, const Json& subject) {
    table.add_row({{epoch.empty() ? "(version 1)" : epoch},
                   {text_at(subject, "/subject")},
                   {count_at(subject, "/first_sequence")},
                   {count_at(subject, "/last_sequence")},
                   {count_at(subject, "/messages")},
                   {count_at(subject, "/chunks")},
                   {to_second(text_at(subject, "/from_time"))},
                   {to_second(text_at(subject, "/to_time"))}});
  });
  session.io.out << table.text({.max_width = session.io.columns, .colors = session.io.colors()});
  return {};
}

// Which messages are read, as the API has it.
struct Wanted {
  std::string stream;
  std::optional<std::string> subject;
  std::optional<std::string> after;
  std::optional<std::string> from_time;
  std::optional<std::string> to_time;
  std::optional<std::string> limit;

  void add_to(Query& query) const {
    query["stream"] = stream;
    for (const auto& [name, value] : {std::pair{"subject", &subject},
                                      {"after", &after},
                                      {"from_time", &from_time},
                                      {"to_time", &to_time},
                                      {"limit", &limit}}) {
      if (*value) {
        query[name] = **value;
      }
    }
  }
};

Outcome read_messages(const Session& session, const ArchivePlace& place, const Wanted& wanted) {
  Query query = place.query();
  wanted.add_to(query);
  bool any = false;
  const auto read =
      session.client.get_lines("/archive/messages", query, [&](std::string_view line) {
        any = true;
        return session.io.out.write(line.data(), static_cast<std::streamsize>(line.size())).good();
      });
  if (!read) {
    return failed(read.error());
  }
  if (!any) {
    session.io.err << "no such message is archived\n";
  }
  return {};
}

void declare_list(CommandLine& line, CLI::App& group) {
  auto place = std::make_shared<ArchivePlace>();
  CLI::App& command =
      line.add_command(group, "list", "The streams that are archived in a bucket", [=, &line] {
        return line.with_session(
            [&](const Session& session) { return list_streams(session, *place); });
      });
  place->add_to(command);
}

void declare_show(CommandLine& line, CLI::App& group) {
  auto place = std::make_shared<ArchivePlace>();
  auto stream = std::make_shared<std::string>();
  CLI::App& command = line.add_command(
      group, "show", "What is archived of one stream: its epochs and subjects", [=, &line] {
        return line.with_session(
            [&](const Session& session) { return show_stream(session, *place, *stream); });
      });
  place->add_to(command);
  command.add_option("--stream", *stream, "The stream")->required();
}

void declare_read(CommandLine& line, CLI::App& group) {
  auto place = std::make_shared<ArchivePlace>();
  auto wanted = std::make_shared<Wanted>();
  CLI::App& command =
      line.add_command(group, "read", "The messages themselves, as JSON, one a line", [=, &line] {
        return line.with_session(
            [&](const Session& session) { return read_messages(session, *place, *wanted); });
      });
  place->add_to(command);
  command.add_option("--stream", wanted->stream, "The stream")->required();
  command.add_option("--subject", wanted->subject, "Only messages of this subject; * and > match");
  command
      .add_option("--after", wanted->after,
                  "Only what comes after this message, by what its line has as epoch and seq")
      ->type_name("EPOCH:SEQ");
  command.add_option("--from-time", wanted->from_time, "Only messages from this time on, RFC 3339")
      ->check(check_time)
      ->type_name("TIME");
  command
      .add_option("--to-time", wanted->to_time,
                  "Only messages up to and including this time, RFC 3339")
      ->check(check_time)
      ->type_name("TIME");
  command.add_option("--limit", wanted->limit, "Not more messages than this")
      ->check([](const std::string& text) {
        std::uint64_t number = 0;
        const char* const end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, number);
        return read.ec == std::errc{} && read.ptr == end && number > 0
                   ? std::string()
                   : "must be a whole number from 1 on, not '" + text + "'";
      })
      ->type_name("NUMBER");
}

}  // namespace

void declare_archive_commands(CommandLine& line) {
  CLI::App& group = line.add_group("archive", "What is in a bucket, and removing what is old");
  declare_list(line, group);
  declare_show(line, group);
  declare_read(line, group);
  declare_archive_prune(line, group);
}

}  // namespace nats3::cli
