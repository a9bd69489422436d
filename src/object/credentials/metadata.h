// Credentials that the machine around us gives out over HTTP: of a container's role (ECS, EKS Pod
// Identity), of an EC2 instance's role.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "object/credentials/credentials.h"

namespace nats3::object {

struct ContainerOptions {
  std::string url;
  std::string token;       // the value of Authorization; "" for none
  std::string token_file;  // or where it is kept; read for each fetch
  std::string ca_file;     // "" for the system's certificates
};

// Errors: kInvalid unless `url` is https, or http to this machine or to the addresses that AWS has
// for this: whoever else answered would learn the token.
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
[[nodiscard]] Result<std::shared_ptr<CredentialsSource>> container_role(ContainerOptions options);

// `endpoint`: http://169.254.169.254, unless a test has its own. The second version of the
// protocol, which begins with a token; the first one isn't spoken. Source:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
[[nodiscard]] std::shared_ptr<CredentialsSource> instance_role(std::string endpoint);

}  // namespace nats3::object
