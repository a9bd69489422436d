#include "catalog/v1_place.h"

#include <fmt/format.h>

#include "archive/key.h"
#include "base/digest.h"

namespace nats3::catalog {
namespace {

constexpr std::string_view kMark = "!v1";
constexpr char kNamedMark = '=';
constexpr char kOverlappingMark = '~';
constexpr std::size_t kTimeBytes = 26;  // 20261124T015425.123456789Z
constexpr std::size_t kHashBytes = 8;
constexpr std::size_t kPlaceBytes = kMark.size() + 1 + 2 * (kTimeBytes + 1) + 2 * kHashBytes;

// As epochs have it: texts sort as times do.
std::string compact(Timestamp time) { return archive::to_string(archive::EpochName{time, 1}); }

}  // namespace

std::string v1_place(V1Choice choice, Timestamp time_min, Timestamp time_max,
                     std::string_view key) {
  const Sha256Digest digest = sha256(key);
  return fmt::format("{}{}{}-{}-{}", kMark,
                     choice == V1Choice::kNamed ? kNamedMark : kOverlappingMark, compact(time_min),
                     compact(time_max), to_hex(as_view(digest).substr(0, kHashBytes)));
}

std::string v1_place_of_damaged(V1Choice choice, std::uint64_t second, std::string_view key) {
  const Timestamp end =
      Timestamp{std::chrono::seconds{second}} + std::chrono::nanoseconds{999'999'999};
  return v1_place(choice, end, end, key);
}

bool is_v1_place(std::string_view epoch) { return epoch.starts_with(kMark); }

Result<V1PlaceParts> parse_v1_place(std::string_view place) {
  const auto bad = [&] {
    return fail(ErrorCode::kCorrupt, fmt::format("'{}' is no place of a version-1 chunk",
                                                 place.substr(0, 2 * kPlaceBytes)));
  };
  if (!is_v1_place(place) || place.size() != kPlaceBytes) {
    return bad();
  }
  const char mark = place[kMark.size()];
  const auto time_min = archive::parse_epoch_name(place.substr(kMark.size() + 1, kTimeBytes));
  if (!time_min || (mark != kNamedMark && mark != kOverlappingMark)) {
    return bad();
  }
  const auto seconds =
      std::chrono::floor<std::chrono::seconds>(time_min->created.time_since_epoch()).count();
  if (seconds < 0) {
    return bad();
  }
  return V1PlaceParts{mark == kNamedMark ? V1Choice::kNamed : V1Choice::kOverlapping,
                      static_cast<std::uint64_t>(seconds)};
}

}  // namespace nats3::catalog
