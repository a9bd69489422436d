// Where AWS's services are. A pure function.
#pragma once

#include <string>
#include <string_view>

namespace nats3::object {

// "https://s3.eu-central-1.amazonaws.com" for s3; China's regions have a domain of their own.
// Source: https://docs.aws.amazon.com/general/latest/gr/rande.html
[[nodiscard]] std::string aws_endpoint(std::string_view service, std::string_view region);

}  // namespace nats3::object
