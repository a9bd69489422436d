// What is archived, as JSON: docs/openapi.json describes it. Pure functions: any thread.
#pragma once

#include <string>

#include "base/json.h"
#include "catalog/contents.h"
#include "catalog/prune.h"

namespace nats3::jobs {

[[nodiscard]] Json to_json(const catalog::BucketContents& contents);
[[nodiscard]] Json to_json(const std::string& stream, const catalog::StreamContents& contents);
[[nodiscard]] Json to_json(const std::string& stream, const catalog::Pruned& pruned);

}  // namespace nats3::jobs
