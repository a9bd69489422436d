// What the environment says about AWS: the variables that its SDKs know. Plain values.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace nats3::object {

// By name, such as "AWS_ROLE_ARN"; HOME as well.
using AwsVariables = std::map<std::string, std::string, std::less<>>;

// Its value, or `otherwise` when it isn't set or empty.
[[nodiscard]] inline std::string value_of(const AwsVariables& variables, std::string_view name,
                                          std::string_view otherwise = {}) {
  const auto found = variables.find(name);
  const bool is_set = found != variables.end() && !found->second.empty();
  return is_set ? found->second : std::string(otherwise);
}

}  // namespace nats3::object
