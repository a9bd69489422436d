#include "nats/missing_sequences.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace nats3::nats {
namespace {

using Sequences = std::vector<std::uint64_t>;

constexpr std::size_t kMostGaps = 500'000;  // 4 MB of JSON
// An answer has the whole message in it.
constexpr std::size_t kMostAsked = 200'000;
constexpr std::size_t kMostBytes = 128 << 20;
constexpr std::size_t kBytesAtOnce = 8 << 20;
constexpr std::size_t kFirstAtOnce = 4;  // while their size isn't known
constexpr std::size_t kMostAtOnce = 1'000;

Result<Sequences> listed(Api& api, const std::string& stream, std::uint64_t after,
                         std::uint64_t up_to) {
  const std::string verb = "STREAM.INFO." + stream;
  const std::string what = fmt::format("stream {}", stream);
  auto answer = api.ask(verb, Json::object(), what);
  if (answer && answer->value("/state/num_deleted"_json_pointer, std::uint64_t{0}) <= kMostGaps) {
    answer = api.ask(verb, {{"deleted_details", true}}, what);
  }
  if (!answer) {
    return fail(answer.error());
  }
  try {
    const Json& state = answer->at("state");
    const auto first = state.at("first_seq").get<std::uint64_t>();
    Sequences missing;
    for (std::uint64_t sequence = after + 1;
         sequence < first && sequence <= up_to && missing.size() < kMostGaps; ++sequence) {
      missing.push_back(sequence);
    }
    for (const auto& deleted : state.value("deleted", Json::array())) {
      if (const auto sequence = deleted.get<std::uint64_t>();
          sequence > after && sequence <= up_to) {
        missing.push_back(sequence);
      }
    }
    std::ranges::sort(missing);
    return missing;
  } catch (const Json::exception& error) {
    return fail(ErrorCode::kInternal,
                fmt::format("JetStream's stream info answer can't be read: {}", error.what()));
  }
}

struct Stretch {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

// Adjacent ones together.
std::vector<Stretch> stretches(const Sequences& sequences) {
  std::vector<Stretch> found;
  for (const std::uint64_t sequence : sequences) {
    if (found.empty() || found.back().last + 1 != sequence) {
      found.push_back({sequence, sequence});
    }
    found.back().last = sequence;
  }
  return found;
}

std::size_t payload_size(const Json& answer) {
  const Json::json_pointer place("/message/data");
  return answer.contains(place) && answer.at(place).is_string()
             ? answer.at(place).get_ref<const std::string&>().size()
             : 0;
}

// Asks for messages of `stream`, a few at once, and gives the answer to each to `take` with the
// index of its body: an error's code, or nothing and the message.
template <typename Take>
Result<void> get_messages(Api& api, const std::string& stream, const std::vector<Json>& bodies,
                          Take take) {
  const std::string what = fmt::format("reading stream {}", stream);
  std::size_t bytes = 0;
  std::size_t at_once = kFirstAtOnce;
  for (std::size_t next = 0; next < bodies.size() && bytes < kMostBytes;) {
    const std::size_t count = std::min(at_once, bodies.size() - next);
    const auto first = bodies.begin() + static_cast<std::ptrdiff_t>(next);
    const auto answers = api.request_all("STREAM.MSG.GET." + stream,
                                         {first, first + static_cast<std::ptrdiff_t>(count)});
    if (!answers) {
      return fail(answers.error().with_context(what));
    }
    std::size_t largest = 1;
    for (const Json& answer : *answers) {
      const auto error = api_error(answer);
      const auto code = error ? std::optional(to_error(*error, what).code) : std::nullopt;
      if (code == ErrorCode::kUnavailable) {
        return fail(to_error(*error, what));
      }
      take(next++, code, answer);
      const std::size_t size = payload_size(answer);
      bytes += size;
      largest = std::max(largest, size);
    }
    at_once =
        std::clamp(kBytesAtOnce / largest, std::size_t{1}, std::min(at_once * 2, kMostAtOnce));
  }
  return {};
}

// Those of `sequences` that the server finds no message of. It says so of one that it can't read at
// the moment, too.
Result<Sequences> not_found(Api& api, const std::string& stream, const Sequences& sequences) {
  std::vector<Json> bodies;
  bodies.reserve(sequences.size());
  for (const std::uint64_t sequence : sequences) {
    bodies.push_back({{"seq", sequence}});
  }
  Sequences found;
  return get_messages(api, stream, bodies,
                      [&](std::size_t index, std::optional<ErrorCode> error, const Json&) {
                        if (error == ErrorCode::kNotFound) {
                          found.push_back(sequences[index]);
                        }
                      })
      .map([&] { return std::move(found); });
}

// Those of `sequences` that the server passes over when it looks for the next message there is: it
// doesn't pass over what it can't read.
Result<Sequences> passed_over(Api& api, const std::string& stream, const Sequences& sequences) {
  const auto candidates = stretches(sequences);
  std::vector<Json> bodies;
  for (const Stretch& stretch : candidates) {
    bodies.push_back({{"seq", stretch.first}, {"next_by_subj", ">"}});
  }
  Sequences found;
  return get_messages(api, stream, bodies,
                      [&](std::size_t index, std::optional<ErrorCode> error, const Json& answer) {
                        const auto next =
                            answer.value("/message/seq"_json_pointer, std::uint64_t{0});
                        const Stretch& stretch = candidates[index];
                        for (std::uint64_t gone = stretch.first;
                             !error && next > stretch.last && gone <= stretch.last; ++gone) {
                          found.push_back(gone);
                        }
                      })
      .map([&] { return std::move(found); });
}

}  // namespace

Result<Sequences> missing_sequences(Api& api, const std::string& stream, std::uint64_t after,
                                    std::uint64_t up_to) {
  auto missing = listed(api, stream, after, up_to);
  if (!missing) {
    return missing;
  }
  Sequences others;
  auto known = missing->begin();
  for (std::uint64_t sequence = after + 1; sequence <= up_to && others.size() < kMostAsked;
       ++sequence) {
    if (known != missing->end() && *known == sequence) {
      ++known;
    } else {
      others.push_back(sequence);
    }
  }
  const auto unlisted = not_found(api, stream, others).and_then([&](const Sequences& candidates) {
    return passed_over(api, stream, candidates);
  });
  if (!unlisted) {
    return fail(unlisted.error());
  }
  missing->insert(missing->end(), unlisted->begin(), unlisted->end());
  std::ranges::sort(*missing);
  return missing;
}

}  // namespace nats3::nats
