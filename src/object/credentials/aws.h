// Where AWS's own tools would find credentials here.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "object/credentials/credentials.h"
#include "object/credentials/variables.h"

namespace nats3::object {

// The first of these that is set up, and no other when that one fails:
//   1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN
//   2. AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN: a role's, in `region`
//   3. the file AWS_SHARED_CREDENTIALS_FILE or ~/.aws/credentials, AWS_PROFILE or "default" in it
//   4. AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI: the container's role
//   5. the EC2 instance's role, unless AWS_EC2_METADATA_DISABLED is "true"
// Looks at variables and whether the file is there; asks nobody. Errors: kInvalid, when what is set
// up can't be right, or nothing is.
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html
[[nodiscard]] Result<std::shared_ptr<CredentialsSource>> find_aws_credentials(
    const AwsVariables& variables, const std::string& region);

}  // namespace nats3::object
