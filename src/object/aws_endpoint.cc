#include "object/aws_endpoint.h"

#include <fmt/format.h>

namespace nats3::object {

std::string aws_endpoint(std::string_view service, std::string_view region) {
  const std::string_view domain = region.starts_with("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return fmt::format("https://{}.{}.{}", service, region, domain);
}

}  // namespace nats3::object
