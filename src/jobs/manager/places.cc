#include "jobs/manager/places.h"

#include <fmt/format.h>

#include "base/digest.h"
#include "base/time_text.h"
#include "jobs/job_record.h"

namespace nats3::jobs {
namespace {

std::string place_key(const StoreSpec& spec) {
  const std::string place = fmt::format("{}\n{}\n{}\n{}", spec.bucket, spec.prefix.value_or(""),
                                        spec.stream, spec.subject);
  const Sha256Digest digest = sha256(place);
  return "place." + to_hex({reinterpret_cast<const char*>(digest.data()), 16});
}

// How long a job that took its place may need to get on record.
constexpr std::chrono::seconds kMaking{60};

struct Owner {
  std::string id;
  Timestamp taken;
};

Owner parse_owner(std::string_view text) {
  const auto space = text.find(' ');
  Owner owner{std::string(text.substr(0, space)), {}};
  if (space != text.npos) {
    if (const auto time = parse_time(text.substr(space + 1))) {
      owner.taken = *time;
    }
  }
  return owner;
}

// Whether the job that took the place is on record, or may still get there. Whoever says it was
// taken in the future had a clock that was wrong, and would have it for as long.
Result<bool> is_owned(nats::KeyValue& kv, const Owner& owner, Timestamp now) {
  const auto record = kv.get(record_key(JobKind::kStore, owner.id));
  if (!record && record.error().action() != Action::kNotFound) {
    return record.error().code == ErrorCode::kInvalid ? Result<bool>(false) : fail(record.error());
  }
  return record || (now < owner.taken + kMaking && owner.taken < now + kMaking);
}

}  // namespace

Error place_taken(const StoreSpec& spec, const std::string& by) {
  return {ErrorCode::kAlreadyExists,
          fmt::format("job {} archives subject '{}' of stream '{}' to the same place already: give "
                      "another prefix or bucket, or delete that job",
                      by, spec.subject, spec.stream)};
}

bool same_place(const StoreSpec& a, const StoreSpec& b) {
  return a.bucket == b.bucket && a.prefix == b.prefix && a.stream == b.stream &&
         a.subject == b.subject;
}

Result<void> take_place(nats::KeyValue& kv, const StoreSpec& spec, const std::string& id,
                        Timestamp now) {
  const std::string key = place_key(spec);
  const auto there = kv.get(key);
  if (!there && there.error().action() != Action::kNotFound) {
    return fail(there.error());
  }
  if (there) {
    const Owner owner = parse_owner(there->value);
    const auto owned = is_owned(kv, owner, now);
    if (!owned) {
      return fail(owned.error());
    }
    if (*owned) {
      return fail(place_taken(spec, owner.id));
    }
  }
  const auto taken =
      kv.put(key, fmt::format("{} {}", id, format_time(now)), there ? there->revision : 0);
  if (!taken && taken.error().code == ErrorCode::kConflict) {
    return fail(place_taken(spec, "made at the same time"));
  }
  return taken.map([](std::uint64_t) {});
}

void free_place(nats::KeyValue& kv, const StoreSpec& spec, const std::string& id) {
  const std::string key = place_key(spec);
  if (const auto there = kv.get(key); there && parse_owner(there->value).id == id) {
    static_cast<void>(kv.remove(key, there->revision));
  }
}

}  // namespace nats3::jobs
