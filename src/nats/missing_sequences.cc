#include "nats/missing_sequences.h"

#include <fmt/format.h>

#include <algorithm>

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

std::size_t payload_size(const Json& answer) {
  const Json::json_pointer place("/message/data");
  return answer.contains(place) && answer.at(place).is_string()
             ? answer.at(place).get_ref<const std::string&>().size()
             : 0;
}

// Those of `sequences` that aren't there.
Result<Sequences> ask_for(Api& api, const std::string& stream, const Sequences& sequences) {
  const std::string verb = "STREAM.MSG.GET." + stream;
  Sequences missing;
  std::size_t bytes = 0;
  std::size_t at_once = kFirstAtOnce;
  for (auto next = sequences.begin(); next != sequences.end() && bytes < kMostBytes;) {
    const auto first = next;
    std::vector<Json> bodies;
    for (; next != sequences.end() && bodies.size() < at_once; ++next) {
      bodies.push_back({{"seq", *next}});
    }
    const auto answers = api.request_all(verb, bodies);
    if (!answers) {
      return fail(answers.error().with_context(fmt::format("reading stream {}", stream)));
    }
    std::size_t largest = 1;
    for (std::size_t i = 0; i < answers->size(); ++i) {
      const auto error = api_error((*answers)[i]);
      if (error && error->code != 404) {
        return fail(to_error(*error, fmt::format("reading stream {}", stream)));
      }
      if (error) {
        missing.push_back(first[static_cast<std::ptrdiff_t>(i)]);
      }
      const std::size_t size = payload_size((*answers)[i]);
      bytes += size;
      largest = std::max(largest, size);
    }
    at_once =
        std::clamp(kBytesAtOnce / largest, std::size_t{1}, std::min(at_once * 2, kMostAtOnce));
  }
  return missing;
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
  const auto unlisted = ask_for(api, stream, others);
  if (!unlisted) {
    return fail(unlisted.error());
  }
  missing->insert(missing->end(), unlisted->begin(), unlisted->end());
  std::ranges::sort(*missing);
  return missing;
}

}  // namespace nats3::nats
