#include "nats/missing_sequences.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "nats/read_answer.h"

namespace nats3::nats {
namespace {

using Sequences = std::vector<std::uint64_t>;

constexpr std::size_t kMostGaps = 500'000;  // 4 MB of JSON
constexpr int kMostAsked = 200;             // each for a whole message

// What the stream tells of itself.
struct Listed {
  Sequences missing;
  std::uint64_t last = 0;  // sequence
};

Result<Listed> ask_stream(Api& api, const std::string& stream, std::uint64_t after,
                          std::uint64_t up_to) {
  const std::string verb = "STREAM.INFO." + stream;
  const std::string what = fmt::format("stream {}", stream);
  const auto gaps = api.ask_info(verb, Json::object(), what).and_then([](const Json& answer) {
    return read_answer("stream info", [&]() -> Result<std::uint64_t> {
      return answer.value("/state/num_deleted"_json_pointer, std::uint64_t{0});
    });
  });
  if (!gaps) {
    return fail(gaps.error());
  }
  // Where it counts none there can be some: the count follows from that of the messages, which
  // seemed to be too high in a 2.9 whose disk had been full.
  const Json details = *gaps <= kMostGaps ? Json{{"deleted_details", true}} : Json::object();
  const auto answer = api.ask_info(verb, details, what);
  if (!answer) {
    return fail(answer.error());
  }
  return read_answer("stream info", [&]() -> Result<Listed> {
    const Json& state = answer->at("state");
    const auto first = state.at("first_seq").get<std::uint64_t>();
    Listed listed;
    listed.last = state.at("last_seq").get<std::uint64_t>();
    for (std::uint64_t sequence = after + 1;
         sequence < first && sequence <= up_to && listed.missing.size() < kMostGaps; ++sequence) {
      listed.missing.push_back(sequence);
    }
    for (const auto& deleted : state.value("deleted", Json::array())) {
      if (const auto sequence = deleted.get<std::uint64_t>();
          sequence > after && sequence <= up_to) {
        listed.missing.push_back(sequence);
      }
    }
    std::ranges::sort(listed.missing);
    return listed;
  });
}

// The sequence of the first message from `from` on, of whatever subject: an acknowledgement takes a
// message away also where the consumer doesn't select it. nullopt: there is none.
Result<std::optional<std::uint64_t>> find_next(Api& api, const std::string& stream,
                                               std::uint64_t from) {
  const auto answer =
      api.request("STREAM.MSG.GET." + stream, {{"seq", from}, {"next_by_subj", ">"}});
  if (!answer) {
    return fail(answer.error());
  }
  if (const auto error = api_error(*answer)) {
    if (error->err_code == err_code::kNoMessage) {
      return std::nullopt;
    }
    return fail(ErrorCode::kUnavailable,
                to_error(*error, fmt::format("reading stream {}", stream)).message);
  }
  // The rest of the message may be what can't be read, and is nobody's business here.
  const auto sequence = read_answer("stored message", [&]() -> Result<std::uint64_t> {
    return answer->at("message").at("seq").get<std::uint64_t>();
  });
  if (sequence && *sequence < from) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("reading stream {}: JetStream answered with message {} instead of one "
                            "from {} on",
                            stream, *sequence, from));
  }
  return sequence.map([](std::uint64_t found) { return std::optional(found); });
}

// Those of `sequences`, ascending, that the stream has no message of.
Result<Sequences> without_message(Api& api, const std::string& stream, const Sequences& sequences) {
  Sequences missing;
  auto rest = sequences.begin();
  for (int asked = 0; rest != sequences.end() && asked < kMostAsked; ++asked) {
    const auto next = find_next(api, stream, *rest);
    if (!next) {
      return fail(next.error());
    }
    const auto there = *next ? std::lower_bound(rest, sequences.end(), **next) : sequences.end();
    missing.insert(missing.end(), rest, there);
    rest = there != sequences.end() && *there == **next ? there + 1 : there;
  }
  return missing;
}

}  // namespace

Result<Sequences> missing_sequences(Api& api, const SourceOptions& options, std::uint64_t after,
                                    std::uint64_t up_to) {
  auto listed = ask_stream(api, options.stream, after, up_to);
  if (!listed) {
    return fail(listed.error());
  }
  const std::uint64_t end = std::min(up_to, listed->last);
  if (!options.archived || end <= after) {
    return std::move(listed->missing);
  }
  auto archived = options.archived(after, end);
  if (!archived) {
    return archived;
  }
  Sequences unlisted;
  std::ranges::set_difference(*archived, listed->missing, std::back_inserter(unlisted));
  auto gone = without_message(api, options.stream, unlisted);
  if (!gone) {
    return gone;
  }
  Sequences missing;
  std::ranges::merge(listed->missing, *gone, std::back_inserter(missing));
  return missing;
}

}  // namespace nats3::nats
