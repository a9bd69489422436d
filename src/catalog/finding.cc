#include "catalog/finding.h"

#include <algorithm>

namespace nats3::catalog {

std::string_view to_string(FindingKind kind) {
  switch (kind) {
    case FindingKind::kDamaged:
      return "damaged";
    case FindingKind::kCut:
      return "cut";
    case FindingKind::kLyingIndex:
      return "lying_index";
    case FindingKind::kMisplaced:
      return "misplaced";
    case FindingKind::kMissing:
      return "missing";
    case FindingKind::kDifferent:
      return "different";
    case FindingKind::kOverlap:
      return "overlap";
    case FindingKind::kGap:
      return "gap";
    case FindingKind::kForeign:
      return "foreign";
  }
  return "damaged";
}

std::optional<FindingKind> parse_finding_kind(std::string_view text) {
  const auto* const found =
      std::ranges::find(kFindingKinds, text, [](FindingKind kind) { return to_string(kind); });
  return found == kFindingKinds.end() ? std::nullopt : std::optional(*found);
}

bool is_damage(FindingKind kind) {
  return kind != FindingKind::kOverlap && kind != FindingKind::kGap &&
         kind != FindingKind::kForeign;
}

}  // namespace nats3::catalog
