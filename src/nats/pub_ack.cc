#include "nats/pub_ack.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/json.h"
#include "nats/api_error.h"
#include "nats/headers.h"

namespace nats3::nats {
namespace {

// Reads the form that servers write, in the hot path of a replay. Nothing for any other.
class FastReader {
 public:
  explicit FastReader(std::string_view text) : rest_(text) {}

  std::optional<PublishAck> read() {
    PublishAck ack;
    if (!skip("{\"stream\":") || !read_string(ack.stream) || !skip(",")) {
      return std::nullopt;
    }
    if (skip("\"domain\":") && (!read_string(ack.domain) || !skip(","))) {
      return std::nullopt;
    }
    if (!skip("\"seq\":")) {
      return std::nullopt;
    }
    const auto [end, error] =
        std::from_chars(rest_.data(), rest_.data() + rest_.size(), ack.sequence);
    if (error != std::errc{}) {
      return std::nullopt;
    }
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    if (skip(",")) {
      ack.duplicate = skip("\"duplicate\":") && skip("true");
      if (!ack.duplicate) {
        return std::nullopt;
      }
    }
    return rest_ == "}" ? std::optional(ack) : std::nullopt;
  }

 private:
  bool read_string(std::string& text) {
    const std::size_t quote = skip("\"") ? rest_.find_first_of("\"\\") : rest_.npos;
    if (quote == rest_.npos || rest_[quote] == '\\') {
      return false;
    }
    text = rest_.substr(0, quote);
    rest_.remove_prefix(quote + 1);
    return true;
  }

  bool skip(std::string_view word) {
    while (rest_.starts_with(' ')) {
      rest_.remove_prefix(1);
    }
    if (!rest_.starts_with(word)) {
      return false;
    }
    rest_.remove_prefix(word.size());
    return true;
  }

  std::string_view rest_;
};

}  // namespace

Result<PublishAck> parse_pub_ack(std::string_view answer) {
  if (auto ack = FastReader(answer).read()) {
    return *std::move(ack);
  }
  const auto json = parse_json(answer);
  if (!json || !json->is_object()) {
    return fail(ErrorCode::kInternal,
                fmt::format("a publish was answered with \"{}\", which is no JetStream "
                            "acknowledgement: does a subscriber reply on that subject?",
                            answer.substr(0, 100)));
  }
  if (const auto error = api_error(*json)) {
    return fail(to_error(*error, "the stream refuses the message"));
  }
  try {
    const Json& sequence = json->at("seq");
    if (!sequence.is_number_unsigned()) {
      return fail(ErrorCode::kInternal, "a publish acknowledgement has no sequence number");
    }
    return PublishAck{.stream = json->at("stream").get<std::string>(),
                      .sequence = sequence.get<std::uint64_t>(),
                      .duplicate = json->value("duplicate", false),
                      .domain = json->value("domain", "")};
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kInternal,
                fmt::format("a publish acknowledgement can't be read: {}", error.what()));
  }
}

Result<PublishAck> read_pub_ack(const MessageView& answer) {
  if (const StatusLine status = parse_status_line(answer.headers); status.code != 0) {
    return fail(
        ErrorCode::kUnavailable,
        status.code == 503
            ? std::string("no stream stores that subject now (or JetStream is off): make "
                          "one with it")
            : fmt::format("the publish was answered with {} {}", status.code, status.description));
  }
  return parse_pub_ack(answer.payload);
}

}  // namespace nats3::nats
