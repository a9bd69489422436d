// Credentials for a role, in exchange for a token that somebody signed who the role trusts: what
// Kubernetes gives to a pod (IAM roles for service accounts), what CI systems give to a run.
#pragma once

#include <memory>
#include <string>

#include "object/credentials/credentials.h"
#include "object/http/transport.h"

namespace nats3::object {

struct WebIdentityOptions {
  std::string endpoint;    // of STS, such as "https://sts.eu-central-1.amazonaws.com"
  std::string role;        // its ARN
  std::string session;     // what STS' log calls us
  std::string token_file;  // read for each exchange: it is replaced before its token ends
  HttpOptions http = {};
};

// Nothing is signed: the token is the proof.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
[[nodiscard]] std::shared_ptr<CredentialsSource> web_identity(WebIdentityOptions options);

}  // namespace nats3::object
