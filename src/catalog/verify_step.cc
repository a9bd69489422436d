#include "catalog/verify_step.h"

#include <utility>

namespace nats3::catalog {

void VerifyStep::report(const std::string& key, FindingKind kind, std::string detail,
                        std::string cause, std::optional<Lost> lost) {
  seen.push_back({{.key = key,
                   .kind = kind,
                   .detail = std::move(detail),
                   .cause = std::move(cause),
                   .repaired = false},
                  std::move(lost)});
}

}  // namespace nats3::catalog
