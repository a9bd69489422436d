// SchemaChecker: whether a JSON value is what a schema of docs/openapi.json describes, and the
// values that are worth trying on a schema. For tests: it knows the keywords which that file uses,
// and fails the test at any other, so that none is silently ignored. For one thread.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace nats3::api {

class SchemaChecker {
 public:
  // `document` outlives the checker.
  explicit SchemaChecker(const Json& document) : document_(document) {}

  // What "#/components/schemas/X" and the like stand for.
  [[nodiscard]] const Json& follow(const std::string& reference) const;

  [[nodiscard]] bool accepts(const Json& schema, const Json& value) const;

  // The values that `schema` itself leads to: examples, default, choices, and both sides of each
  // limit. Some are right and some wrong.
  [[nodiscard]] std::vector<Json> edges(const Json& schema) const;

 private:
  [[nodiscard]] bool fits(const Json& schema, const std::string& keyword, const Json& wanted,
                          const Json& value) const;
  [[nodiscard]] bool object_fits(const Json& schema, const std::string& keyword, const Json& wanted,
                                 const Json& value) const;
  // `schema` and all it refers to that describe the same value.
  [[nodiscard]] std::vector<const Json*> parts(const Json& schema) const;

  const Json& document_;
};

}  // namespace nats3::api
