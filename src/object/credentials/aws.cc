#include "object/credentials/aws.h"

#include <filesystem>
#include <utility>

#include "base/ascii.h"
#include "object/aws_endpoint.h"
#include "object/credentials/metadata.h"
#include "object/credentials/shared_file.h"
#include "object/credentials/web_identity.h"

namespace nats3::object {
namespace {

using Source = std::shared_ptr<CredentialsSource>;

Result<Source> from_variables(const AwsVariables& variables, const std::string& access) {
  Credentials keys{access, value_of(variables, "AWS_SECRET_ACCESS_KEY"),
                   value_of(variables, "AWS_SESSION_TOKEN")};
  if (auto checked = check_credentials(keys); !checked) {
    return fail(checked.error().with_context("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"));
  }
  return fixed_credentials(std::move(keys), "AWS_ACCESS_KEY_ID in the environment");
}

Result<Source> from_web_identity(const AwsVariables& variables, std::string token_file,
                                 const std::string& region) {
  std::string role = value_of(variables, "AWS_ROLE_ARN");
  if (role.empty()) {
    return fail(ErrorCode::kInvalid,
                "AWS_WEB_IDENTITY_TOKEN_FILE is set and AWS_ROLE_ARN isn't: set both");
  }
  std::string endpoint = value_of(variables, "AWS_ENDPOINT_URL_STS", aws_endpoint("sts", region));
  if (endpoint.ends_with('/')) {
    endpoint.pop_back();
  }
  return web_identity({.endpoint = std::move(endpoint),
                       .role = std::move(role),
                       .session = value_of(variables, "AWS_ROLE_SESSION_NAME", "nats3"),
                       .token_file = std::move(token_file),
                       .http = {.connect_timeout = std::chrono::milliseconds{5'000},
                                .attempt_timeout = std::chrono::milliseconds{10'000},
                                .ca_file = value_of(variables, "AWS_CA_BUNDLE")}});
}

Result<Source> from_container(const AwsVariables& variables, std::string url) {
  return container_role(
      {.url = std::move(url),
       .token = value_of(variables, "AWS_CONTAINER_AUTHORIZATION_TOKEN"),
       .token_file = value_of(variables, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
       .ca_file = value_of(variables, "AWS_CA_BUNDLE")});
}

// "" when there is none. One that is named is there, even if it isn't yet.
std::string shared_file_path(const AwsVariables& variables) {
  std::string named = value_of(variables, "AWS_SHARED_CREDENTIALS_FILE");
  if (!named.empty()) {
    return named;
  }
  const std::string home = value_of(variables, "HOME");
  std::string path = home.empty() ? "" : home + "/.aws/credentials";
  std::error_code error;
  return std::filesystem::exists(path, error) ? path : "";
}

std::string container_url(const AwsVariables& variables) {
  const std::string relative = value_of(variables, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  return relative.empty() ? value_of(variables, "AWS_CONTAINER_CREDENTIALS_FULL_URI")
                          : "http://169.254.170.2" + relative;
}

}  // namespace

Result<Source> find_aws_credentials(const AwsVariables& variables, const std::string& region) {
  if (auto access = value_of(variables, "AWS_ACCESS_KEY_ID"); !access.empty()) {
    return from_variables(variables, access);
  }
  if (auto file = value_of(variables, "AWS_WEB_IDENTITY_TOKEN_FILE"); !file.empty()) {
    return from_web_identity(variables, std::move(file), region);
  }
  if (auto path = shared_file_path(variables); !path.empty()) {
    return shared_file(std::move(path), value_of(variables, "AWS_PROFILE", "default"));
  }
  if (auto url = container_url(variables); !url.empty()) {
    return from_container(variables, std::move(url));
  }
  if (lower_case(value_of(variables, "AWS_EC2_METADATA_DISABLED")) == "true") {
    return fail(ErrorCode::kInvalid,
                "nothing here gives out credentials for AWS: set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY, or s3.access and s3.secret");
  }
  return instance_role(
      value_of(variables, "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://169.254.169.254"));
}

}  // namespace nats3::object
