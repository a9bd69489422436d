#include "nats/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "base/digest.h"
#include "base/time_text.h"
#include "nats/headers.h"
#include "nats/read_answer.h"

namespace nats3::nats {
namespace {

constexpr std::size_t kMaxNameLength = 255;
constexpr std::size_t kWindow = 256;  // requests on their way at once

// The answers to requests to one subject, in the order of `bodies`.
Result<std::vector<Answer>> request_all(Link& link, const std::string& subject,
                                        const std::vector<std::string>& bodies) {
  std::deque<PendingRequests::Request> sent;
  std::vector<Answer> answers;
  for (auto body = bodies.begin(); answers.size() < bodies.size();) {
    if (body != bodies.end() && sent.size() < kWindow) {
      auto request = link.send({subject, {}, *body++});
      if (!request) {
        return fail(request.error());
      }
      sent.push_back(std::move(*request));
      continue;
    }
    auto answer = sent.front().wait();
    if (!answer) {
      return fail(answer.error());
    }
    sent.pop_front();
    answers.push_back(std::move(*answer));
  }
  return answers;
}

Retention retention_of(const std::string& text) {
  return text == "workqueue"  ? Retention::kWorkQueue
         : text == "interest" ? Retention::kInterest
                              : Retention::kLimits;
}

}  // namespace

Result<void> check_name(std::string_view what, std::string_view name) {
  const bool bad = std::ranges::any_of(name, [](unsigned char c) {
    return c <= ' ' || c == 0x7f || c == '.' || c == '*' || c == '>' || c == '/' || c == '\\';
  });
  if (name.empty() || bad || name.size() > kMaxNameLength) {
    return fail(ErrorCode::kInvalid,
                fmt::format("\"{}\" can't be the name of a {}: 1 to {} characters, none of them a "
                            "space, `.`, `*`, `>`, `/` or `\\`",
                            name, what, kMaxNameLength));
  }
  return {};
}

Error no_message(const std::string& stream, const Json& selector) {
  return {ErrorCode::kNotFound,
          fmt::format("message {} of stream {}: no message found", selector.dump(), stream)};
}

std::string Api::subject(std::string_view verb) const {
  return api_prefix(client_->options()).append(verb);
}

Result<Json> Api::request(const std::string& verb, const Json& body) {
  return request_at(subject(verb), body);
}

Result<Json> Api::request_of_server(const std::string& verb) {
  return request_at(api_prefix({}) + verb, Json::object());
}

Result<Json> Api::request_at(const std::string& subject, const Json& body) {
  auto link = client_->link();
  if (!link) {
    return fail(link.error());
  }
  const std::string text = body.empty() ? std::string() : body.dump();
  const auto answer = (*link)->request({subject, {}, text});
  if (!answer) {
    return fail(answer.error());
  }
  auto json = parse_json(answer->payload);
  if (!json || !json->is_object()) {
    return fail(
        ErrorCode::kInternal,
        fmt::format("JetStream answered {} with something that isn't a JSON object", subject));
  }
  return json;
}

Result<Json> Api::ask(const std::string& verb, const Json& body, std::string_view what) {
  auto answer = request(verb, body);
  if (!answer) {
    return answer;
  }
  if (const auto error = api_error(*answer)) {
    return fail(to_error(*error, what));
  }
  return answer;
}

Result<Json> Api::ask_info(const std::string& verb, const Json& body, std::string_view what) {
  auto answer = ask(verb, body, what);
  if (!answer) {
    return answer;
  }
  return check_led(*answer, what).map([&] { return std::move(*answer); });
}

Result<void> check_led(const Json& answer, std::string_view what) {
  const auto cluster = answer.find("cluster");
  if (cluster == answer.end() || !cluster->is_object()) {
    return {};  // a server alone
  }
  const auto leader = cluster->find("leader");
  if (leader != cluster->end() && leader->is_string() && *leader != "") {
    return {};
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("{} has no leader at the moment, and a replica may not know all", what));
}

Json next_selector(const std::string& filter, std::uint64_t from) {
  return {{"seq", from}, {"next_by_subj", filter.empty() ? ">" : filter}};
}

Result<StreamInfo> parse_stream_info(const Json& answer) {
  return read_answer("stream info", [&]() -> Result<StreamInfo> {
    const Json& config = answer.at("config");
    const Json& state = answer.at("state");
    auto created = parse_time(answer.at("created").get<std::string>());
    if (!created) {
      return fail(created.error());
    }
    const bool changes_subjects = config.contains("subject_transform");
    const bool knows_subjects = !changes_subjects && config.value("sources", Json()).empty();
    const auto max_per_subject = config.value("max_msgs_per_subject", std::int64_t{0});
    return StreamInfo{
        .name = config.at("name").get<std::string>(),
        .created = *created,
        .retention = retention_of(config.value("retention", std::string())),
        .first_sequence = state.at("first_seq").get<std::uint64_t>(),
        .last_sequence = state.at("last_seq").get<std::uint64_t>(),
        .messages = state.at("messages").get<std::uint64_t>(),
        .subjects = knows_subjects ? config.value("subjects", std::vector<std::string>{})
                                   : std::vector<std::string>{},
        .duplicate_window =
            std::chrono::nanoseconds{config.value("duplicate_window", std::int64_t{0})},
        .max_per_subject = static_cast<std::uint64_t>(std::max(max_per_subject, std::int64_t{0})),
        .acknowledges = !config.value("no_ack", false),
        .refuses_when_full = config.value("discard", std::string()) == "new",
        .replicated = config.value("num_replicas", 1) > 1,
        .changes_subjects = changes_subjects,
        .domain = answer.value("domain", ""),
        .config_json = config.dump()};
  });
}

Result<StreamInfo> Api::stream_info(const std::string& stream) {
  if (auto named = check_name("stream", stream); !named) {
    return fail(named.error());
  }
  auto answer = ask_info("STREAM.INFO." + stream, Json::object(), fmt::format("stream {}", stream));
  if (!answer) {
    return fail(answer.error());
  }
  return parse_stream_info(*answer);
}

Result<std::vector<std::string>> Api::streams_of_subject(const std::string& subject) {
  auto answer =
      ask("STREAM.NAMES", {{"subject", subject}}, fmt::format("the stream of {}", subject));
  if (!answer) {
    return fail(answer.error());
  }
  return read_answer("stream names", [&]() -> Result<std::vector<std::string>> {
    const auto streams = answer->find("streams");
    if (streams == answer->end() || !streams->is_array() || streams->empty()) {
      return fail(ErrorCode::kNotFound, fmt::format("no stream stores {}", subject));
    }
    return streams->get<std::vector<std::string>>();
  });
}

Result<OwnedMessage> parse_stored_message(const Json& answer) {
  return read_answer("stored message", [&]() -> Result<OwnedMessage> {
    const Json& stored = answer.at("message");
    auto time = parse_time(stored.at("time").get<std::string>());
    auto headers = from_base64(stored.value("hdrs", std::string()));
    auto payload = from_base64(stored.value("data", std::string()));
    if (!time || !headers || !payload) {
      return fail(ErrorCode::kInternal, "JetStream's stored message has a bad time or base64");
    }
    std::vector<archive::HeaderField> fields;
    if (!headers->empty()) {
      if (auto parsed = parse_header_block(*headers, fields); !parsed) {
        return fail(parsed.error());
      }
    }
    const auto subject = stored.at("subject").get<std::string>();
    return OwnedMessage(archive::Message{.sequence = stored.at("seq").get<std::uint64_t>(),
                                         .time = *time,
                                         .subject = subject,
                                         .headers = fields,
                                         .payload = *payload});
  });
}

Result<std::optional<OwnedMessage>> Api::find_message(const std::string& stream,
                                                      const Json& selector) {
  if (auto named = check_name("stream", stream); !named) {
    return fail(named.error());
  }
  const auto answer = request("STREAM.MSG.GET." + stream, selector);
  if (!answer) {
    return fail(answer.error());
  }
  if (const auto error = api_error(*answer)) {
    if (error->err_code == err_code::kNoMessage) {
      return std::nullopt;
    }
    return fail(to_error(*error, fmt::format("message {} of stream {}", selector.dump(), stream)));
  }
  return parse_stored_message(*answer);
}

Result<OwnedMessage> Api::get_message(const std::string& stream, const Json& selector) {
  auto found = find_message(stream, selector);
  if (!found) {
    return fail(found.error());
  }
  if (!*found) {
    return fail(no_message(stream, selector));
  }
  return std::move(**found);
}

Result<std::vector<std::optional<Json>>> Api::stored_messages(
    const std::string& stream, const std::vector<std::string>& selectors) {
  auto link = client_->link();
  if (!link) {
    return fail(link.error());
  }
  const auto answers = request_all(**link, subject("STREAM.MSG.GET." + stream), selectors);
  if (!answers) {
    return fail(answers.error());
  }
  std::vector<std::optional<Json>> found;
  found.reserve(answers->size());
  for (const Answer& answer : *answers) {
    auto json = parse_json(answer.payload);
    if (!json) {
      return fail(json.error().with_context(fmt::format("reading stream {}", stream)));
    }
    const auto error = api_error(*json);
    if (error && error->code != 404) {
      return fail(to_error(*error, fmt::format("reading stream {}", stream)));
    }
    found.push_back(error ? std::nullopt : std::optional(std::move(*json)));
  }
  return found;
}

Result<std::vector<OwnedMessage>> Api::last_messages(const std::string& stream,
                                                     const std::vector<std::string>& subjects) {
  std::vector<std::string> selectors;
  selectors.reserve(subjects.size());
  for (const std::string& subject : subjects) {
    selectors.push_back(Json{{"last_by_subj", subject}}.dump());
  }
  const auto found = stored_messages(stream, selectors);
  if (!found) {
    return fail(found.error());
  }
  std::vector<OwnedMessage> messages;
  for (const auto& answer : *found) {
    if (!answer) {
      continue;
    }
    auto message = parse_stored_message(*answer);
    if (!message) {
      return fail(message.error());
    }
    messages.push_back(std::move(*message));
  }
  return messages;
}

Result<std::vector<std::optional<std::uint64_t>>> Api::next_sequences(
    const std::string& stream, const std::string& filter, const std::vector<std::uint64_t>& from) {
  std::vector<std::string> selectors;
  selectors.reserve(from.size());
  for (const std::uint64_t sequence : from) {
    selectors.push_back(next_selector(filter, sequence).dump());
  }
  const auto found = stored_messages(stream, selectors);
  if (!found) {
    return fail(found.error());
  }
  return read_answer("stored message", [&]() -> Result<std::vector<std::optional<std::uint64_t>>> {
    std::vector<std::optional<std::uint64_t>> sequences;
    sequences.reserve(found->size());
    for (const auto& answer : *found) {
      sequences.push_back(answer
                              ? std::optional(answer->at("message").at("seq").get<std::uint64_t>())
                              : std::nullopt);
    }
    return sequences;
  });
}

Result<ConsumerInfo> Api::consumer_info(const std::string& stream, const std::string& consumer) {
  auto answer = ask_info(fmt::format("CONSUMER.INFO.{}.{}", stream, consumer), Json::object(),
                         fmt::format("consumer {} of stream {}", consumer, stream));
  if (!answer) {
    return fail(answer.error());
  }
  return parse_consumer_info(*answer);
}

Result<std::vector<ConsumerInfo>> Api::list_consumers(const std::string& stream) {
  std::vector<ConsumerInfo> consumers;
  std::size_t total = 1;
  while (consumers.size() < total) {
    auto answer = ask("CONSUMER.LIST." + stream, {{"offset", consumers.size()}},
                      fmt::format("listing the consumers of stream {}", stream));
    if (!answer) {
      return fail(answer.error());
    }
    const auto all = read_answer("consumer list", [&]() -> Result<std::size_t> {
      return answer->value("total", std::size_t{0});
    });
    if (!all) {
      return fail(all.error());
    }
    total = *all;
    const auto page = answer->find("consumers");
    if (page == answer->end() || !page->is_array() || page->empty()) {
      break;
    }
    for (const Json& entry : *page) {
      auto info = parse_consumer_info(entry);
      if (!info) {
        return fail(info.error());
      }
      consumers.push_back(std::move(*info));
    }
  }
  return consumers;
}

Result<void> Api::delete_consumer(const std::string& stream, const std::string& consumer) {
  auto answer = ask(fmt::format("CONSUMER.DELETE.{}.{}", stream, consumer), Json::object(),
                    fmt::format("deleting consumer {} of stream {}", consumer, stream));
  if (!answer) {
    return fail(answer.error());
  }
  return {};
}

}  // namespace nats3::nats
