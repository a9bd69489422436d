#include "cli/archive_sum.h"

#include <algorithm>

#include "base/saturating.h"
#include "cli/job_values.h"

namespace nats3::cli {
namespace {

// A whole number; 0 for what is none. Those of old chunks may be as large as their names claim.
std::uint64_t whole_at(const Json& json, const char* key) {
  const bool there = json.is_object() && json.contains(key) && json[key].is_number_unsigned();
  return there ? json[key].get<std::uint64_t>() : 0;
}

}  // namespace

void ArchiveSum::add(const Json& part) {
  chunks = saturating_add(chunks, whole_at(part, "chunks"));
  messages = saturating_add(messages, whole_at(part, "messages"));
  stored_bytes = saturating_add(stored_bytes, whole_at(part, "stored_bytes"));
  const std::string begin = text_at(part, "/from_time");  // texts sort as times do
  from = from.empty() || (!begin.empty() && begin < from) ? begin : from;
  to = std::max(to, text_at(part, "/to_time"));
}

std::string to_second(const std::string& time) {
  constexpr std::size_t kLength = sizeof("2026-11-24T06:00:00") - 1;
  return time.size() > kLength ? time.substr(0, kLength) + "Z" : time;
}

}  // namespace nats3::cli
