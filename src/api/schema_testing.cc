#include "api/schema_testing.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <regex>
#include <set>

#include "base/time_text.h"

namespace nats3::api {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kSecond{1'000'000'000};

const std::set<std::string> kKeywords{"$ref",      "additionalProperties",
                                      "anyOf",     "const",
                                      "default",   "description",
                                      "enum",      "examples",
                                      "format",    "items",
                                      "maxItems",  "maxLength",
                                      "maximum",   "minLength",
                                      "minimum",   "not",
                                      "pattern",   "properties",
                                      "required",  "type",
                                      "x-maximum", "x-minimum"};

bool is(const std::string& type, const Json& value) {
  return (type == "null" && value.is_null()) || (type == "boolean" && value.is_boolean()) ||
         (type == "string" && value.is_string()) || (type == "object" && value.is_object()) ||
         (type == "array" && value.is_array()) || (type == "number" && value.is_number()) ||
         (type == "integer" && value.is_number_integer());
}

// Compiling one takes longer than using it, and each is used for many values.
const std::regex& compiled(const std::string& pattern) {
  static std::map<std::string, std::regex> all;
  return all.try_emplace(pattern, pattern).first->second;
}

bool text_fits(const std::string& keyword, const Json& wanted, const std::string& text) {
  if (keyword == "minLength") {
    return text.size() >= wanted;
  }
  if (keyword == "maxLength") {
    return text.size() <= wanted;
  }
  if (keyword == "pattern") {
    return std::regex_search(text, compiled(wanted));
  }
  return keyword != "format" || wanted != "date-time" || parse_time(text).has_value();
}

// The limit of a duration, which has either form; what has neither is for other keywords.
bool duration_fits(const std::string& keyword, const std::string& limit, const Json& value) {
  const nanoseconds at = *parse_duration(limit);
  std::optional<nanoseconds> duration;
  if (value.is_string()) {
    const auto parsed = parse_duration(value.get<std::string>());
    duration = parsed ? std::optional(*parsed) : std::nullopt;
  } else if (value.is_object() && value.contains("secs") && value["secs"].is_number_integer()) {
    duration = std::chrono::seconds{value["secs"].get<std::int64_t>()} +
               nanoseconds{value.value("nanos", std::int64_t{0})};
  }
  return !duration || (keyword == "x-minimum" ? *duration >= at : *duration <= at);
}

// Around a limit, in the form of {secs, nanos}.
void add_durations(nanoseconds limit, std::vector<Json>& values) {
  for (const nanoseconds near : {limit - nanoseconds{1}, limit, limit + nanoseconds{1}}) {
    values.push_back({{"secs", near / kSecond}, {"nanos", (near % kSecond).count()}});
  }
}

// Texts of the lengths around each limit, made from `text` by cutting it or adding letters.
void add_texts(const Json& schema, std::string text, std::vector<Json>& values) {
  for (const char* limit : {"minLength", "maxLength"}) {
    for (const std::size_t step : {0, 1, 2}) {
      if (schema.contains(limit)) {
        text.resize(schema[limit].get<std::size_t>() + step - 1, 'a');
        values.emplace_back(text);
      }
    }
  }
}

void add_edges(const Json& schema, std::vector<Json>& values) {
  for (const char* list : {"examples", "enum"}) {
    const Json listed = schema.value(list, Json::array());
    values.insert(values.end(), listed.begin(), listed.end());
  }
  for (const char* single : {"default", "const"}) {
    if (schema.contains(single)) {
      values.push_back(schema[single]);
    }
  }
  for (const char* limit : {"minimum", "maximum"}) {
    for (const int step : {-1, 0, 1}) {
      if (schema.contains(limit)) {
        values.emplace_back(schema[limit].get<std::int64_t>() + step);
      }
    }
  }
  for (const char* limit : {"x-minimum", "x-maximum"}) {
    if (schema.contains(limit)) {
      add_durations(*parse_duration(schema[limit].get<std::string>()), values);
    }
  }
}

}  // namespace

const Json& SchemaChecker::follow(const std::string& reference) const {
  return document_.at(Json::json_pointer(reference.substr(1)));
}

bool SchemaChecker::accepts(const Json& schema, const Json& value) const {
  return std::ranges::all_of(schema.items(), [&](const auto& keyword) {
    EXPECT_TRUE(kKeywords.contains(keyword.key())) << "a keyword not known here: " << keyword.key();
    return fits(schema, keyword.key(), keyword.value(), value);
  });
}

bool SchemaChecker::fits(const Json& schema, const std::string& keyword, const Json& wanted,
                         const Json& value) const {
  const auto accepted = [&](const Json& other) { return accepts(other, value); };
  const auto is_value = [&](const Json& type) { return is(type, value); };
  if (keyword == "$ref") {
    return accepted(follow(wanted));
  }
  if (keyword == "anyOf") {
    return std::ranges::any_of(wanted, accepted);
  }
  if (keyword == "not") {
    return !accepted(wanted);
  }
  if (keyword == "const") {
    return value == wanted;
  }
  if (keyword == "enum") {
    return std::ranges::find(wanted, value) != wanted.end();
  }
  if (keyword == "type") {
    return wanted.is_array() ? std::ranges::any_of(wanted, is_value) : is_value(wanted);
  }
  if (keyword.starts_with("x-")) {
    return duration_fits(keyword, wanted, value);
  }
  if (value.is_string()) {
    return text_fits(keyword, wanted, value);
  }
  if (value.is_number()) {
    return (keyword != "minimum" || value >= wanted) && (keyword != "maximum" || value <= wanted);
  }
  if (keyword == "items" && value.is_array()) {
    return std::ranges::all_of(value, [&](const Json& item) { return accepts(wanted, item); });
  }
  if (keyword == "maxItems" && value.is_array()) {
    return value.size() <= wanted;
  }
  return !value.is_object() || object_fits(schema, keyword, wanted, value);
}

bool SchemaChecker::object_fits(const Json& schema, const std::string& keyword, const Json& wanted,
                                const Json& value) const {
  if (keyword == "required") {
    return std::ranges::all_of(
        wanted, [&](const Json& key) { return value.contains(key.get<std::string>()); });
  }
  if (keyword == "properties") {
    return std::ranges::all_of(value.items(), [&](const auto& item) {
      return !wanted.contains(item.key()) || accepts(wanted[item.key()], item.value());
    });
  }
  if (keyword == "additionalProperties" && wanted == false) {
    return std::ranges::all_of(
        value.items(), [&](const auto& item) { return schema["properties"].contains(item.key()); });
  }
  return true;
}

std::vector<const Json*> SchemaChecker::parts(const Json& schema) const {
  std::vector<const Json*> all{&schema};
  const auto add = [&](const Json& other) {
    const auto more = parts(other);
    all.insert(all.end(), more.begin(), more.end());
  };
  if (schema.contains("$ref")) {
    add(follow(schema["$ref"]));
  }
  if (schema.contains("anyOf")) {
    std::ranges::for_each(schema["anyOf"], add);
  }
  return all;
}

std::vector<Json> SchemaChecker::edges(const Json& schema) const {
  std::vector<Json> values;
  const auto all = parts(schema);
  for (const Json* part : all) {
    add_edges(*part, values);
  }
  const auto text = std::ranges::find_if(
      values, [](const Json& value) { return value.is_string() && value != ""; });
  if (text != values.end()) {
    const auto first = text->get<std::string>();
    for (const Json* part : all) {
      add_texts(*part, first, values);
    }
  }
  return values;
}

}  // namespace nats3::api
