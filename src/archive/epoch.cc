#include "archive/epoch.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "archive/key.h"
#include "base/time_text.h"

namespace nats3::archive {
namespace {

constexpr std::uint64_t kFormat = 2;
constexpr auto kDeleted = "deleted";  // of a watermark

Result<std::string> dump(const Json& json) {
  try {
    return json.dump(2) + '\n';
  } catch (const Json::exception&) {
    return fail(ErrorCode::kInvalid, "a name or a value of the stream's configuration isn't UTF-8");
  }
}

// Reads members of a document one by one, and remembers the first that isn't what it should be.
class Members {
 public:
  Members(const Json& json, std::string_view what) : json_(json), what_(what) {}

  std::string string(const char* key) {
    const Json* value = find(key);
    return value != nullptr && (value->is_string() || refuse(key, "a string"))
               ? value->get<std::string>()
               : std::string{};
  }

  std::uint64_t number(const char* key) {
    const Json* value = find(key);
    return value != nullptr && (value->is_number_unsigned() || refuse(key, "a whole number"))
               ? value->get<std::uint64_t>()
               : 0;
  }

  Timestamp time(const char* key) {
    const auto parsed = parse_time(string(key));
    if (!parsed) {
      refuse(key, "a time");
      return {};
    }
    return *parsed;
  }

  Json object(const char* key) {
    const Json* value = find(key);
    return value != nullptr && (value->is_object() || refuse(key, "an object")) ? *value
                                                                                : Json::object();
  }

  [[nodiscard]] bool has(const char* key) const { return json_.contains(key); }

  [[nodiscard]] Result<void> result() const {
    if (!flaw_.empty()) {
      return fail(ErrorCode::kCorrupt, fmt::format("{}: {}", what_, flaw_));
    }
    return {};
  }

  bool refuse(std::string_view key, std::string_view wanted) {
    if (flaw_.empty()) {
      flaw_ = fmt::format("'{}' should be {}", key, wanted);
    }
    return false;
  }

 private:
  const Json* find(const char* key) {
    const auto found = json_.find(key);
    if (found == json_.end()) {
      refuse(key, "there");
      return nullptr;
    }
    return &*found;
  }

  const Json& json_;
  const std::string_view what_;
  std::string flaw_;
};

Result<Json> parse_document(std::string_view text, std::string_view what) {
  auto json = parse_json(text);
  if (!json || !json->is_object()) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{}: {}", what, json ? "it isn't an object" : json.error().message));
  }
  Members members(*json, what);
  const std::uint64_t format = members.number("format");
  if (auto checked = members.result(); !checked) {
    return fail(checked.error());
  }
  if (format > kFormat) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("{}: it has format {}, and this nats3 reads up to {}: use a newer nats3", what,
                    format, kFormat));
  }
  return json;
}

// Ranges up to `last`, as serialize() writes them; nullopt for anything else.
std::optional<SequenceRanges> read_ranges(const Json& json, std::uint64_t last) {
  if (!json.is_array() || json.size() > SequenceRanges::kMost) {
    return std::nullopt;
  }
  SequenceRanges ranges;
  std::uint64_t before = 0;
  for (const Json& pair : json) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number_unsigned() ||
        !pair[1].is_number_unsigned()) {
      return std::nullopt;
    }
    const SequenceRange range{pair[0].get<std::uint64_t>(), pair[1].get<std::uint64_t>()};
    const bool apart =
        before == 0 ? range.first > 0 : range.first > before && range.first - before > 1;
    if (!apart || range.first > range.last || range.last > last) {
      return std::nullopt;
    }
    ranges.add(range);
    before = range.last;
  }
  return ranges;
}

}  // namespace

Result<std::string> serialize(const EpochDescription& description) {
  Json json{{"format", kFormat},
            {"stream", description.stream},
            {"epoch", description.name},
            {"created", format_time(description.created)},
            {"config", description.config.is_null() ? Json::object() : description.config},
            {"filters", description.filters}};
  if (!description.parent.empty()) {
    json["parent"] = {{"epoch", description.parent},
                      {"last_sequences", description.parent_last_sequences}};
  }
  return dump(json);
}

Result<EpochDescription> parse_epoch_description(std::string_view text) {
  constexpr std::string_view kWhat = "stream.json";
  const auto json = parse_document(text, kWhat);
  if (!json) {
    return fail(json.error());
  }
  Members members(*json, kWhat);
  EpochDescription description;
  description.stream = members.string("stream");
  description.name = members.string("epoch");
  description.created = members.time("created");
  description.config = members.object("config");
  const Json filters = members.object("filters");
  for (const auto& [component, filter] : filters.items()) {
    if (filter.is_string()) {
      description.filters[component] = filter.get<std::string>();
    } else {
      members.refuse("filters", "an object of strings");
    }
  }
  if (members.has("parent")) {
    const Json parent_json = members.object("parent");
    Members parent(parent_json, kWhat);
    description.parent = parent.string("epoch");
    const Json sequences = parent.object("last_sequences");
    for (const auto& [component, sequence] : sequences.items()) {
      if (sequence.is_number_unsigned()) {
        description.parent_last_sequences[component] = sequence.get<std::uint64_t>();
      } else {
        parent.refuse("last_sequences", "an object of whole numbers");
      }
    }
    if (auto checked = parent.result(); !checked) {
      return fail(checked.error());
    }
  }
  if (auto checked = members.result(); !checked) {
    return fail(checked.error());
  }
  return description;
}

std::uint64_t EpochDescription::shared(std::string_view filter) const {
  const auto found = parent_last_sequences.find(filter_component(filter));
  return found == parent_last_sequences.end() ? 0 : found->second;
}

std::string serialize(const Watermark& watermark) {
  Json deleted = Json::array();
  for (const SequenceRange& range : watermark.deleted.ranges()) {
    deleted.push_back({range.first, range.last});
  }
  const Json json{{"format", kFormat},
                  {"last_sequence", watermark.last_sequence},
                  {"last_time", format_time(watermark.last_time)},
                  {kDeleted, std::move(deleted)}};
  return json.dump(2) + '\n';
}

Result<Watermark> parse_watermark(std::string_view text) {
  constexpr std::string_view kWhat = "watermark.json";
  const auto json = parse_document(text, kWhat);
  if (!json) {
    return fail(json.error());
  }
  Members members(*json, kWhat);
  Watermark watermark;
  watermark.last_sequence = members.number("last_sequence");
  watermark.last_time = members.time("last_time");
  if (!members.has(kDeleted)) {  // of an earlier release
    if (watermark.last_sequence > 0) {
      watermark.deleted.add({1, watermark.last_sequence});
    }
  } else if (auto deleted = read_ranges(json->at(kDeleted), watermark.last_sequence)) {
    watermark.deleted = std::move(*deleted);
  } else {
    members.refuse(kDeleted, fmt::format("at most {} ascending ranges up to last_sequence, with "
                                         "others between them",
                                         SequenceRanges::kMost));
  }
  if (auto checked = members.result(); !checked) {
    return fail(checked.error());
  }
  return watermark;
}

std::string serialize(const CompleteUpTo& complete) {
  return Json{{"format", kFormat}, {"sequence", complete.sequence}}.dump(2) + '\n';
}

Result<CompleteUpTo> parse_complete(std::string_view text) {
  constexpr std::string_view kWhat = "complete.json";
  const auto json = parse_document(text, kWhat);
  if (!json) {
    return fail(json.error());
  }
  Members members(*json, kWhat);
  const CompleteUpTo complete{members.number("sequence")};
  return members.result().map([&] { return complete; });
}

}  // namespace nats3::archive
