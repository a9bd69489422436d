// AWS Signature Version 4, in the flavour of S3: paths are encoded once and not normalised.
//
// libcurl can sign as well, but in 7.88 it leaves query and path as they are, so keys with spaces,
// '+', '=' or unicode fail. Pure functions: any thread may call them.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "object/credentials/credentials.h"
#include "object/http/transport.h"

namespace nats3::object {

// Where and when a signature holds.
struct SigningScope {
  std::string region;
  std::string service = "s3";
  Timestamp time;
};

struct SigningRequest {
  std::string method;
  std::string path;    // as it is, not encoded; begins with '/'
  NameValues query;    // not encoded, in any order
  NameValues headers;  // all that are to be signed, in any order and case
  std::string payload_hash;
};

// "UNSIGNED-PAYLOAD", in the place of a hash: the body is not signed.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

// "20150830T123600Z".
[[nodiscard]] std::string amz_date(Timestamp time);

// The path as it goes into URL and signature.
[[nodiscard]] std::string encode_path(std::string_view path);
// The query as it goes into URL and signature: encoded, then sorted.
[[nodiscard]] std::string encode_query(const NameValues& query);

[[nodiscard]] std::string canonical_request(const SigningRequest& request);
[[nodiscard]] std::string string_to_sign(const SigningRequest& request, const SigningScope& scope);

// The value of the Authorization header.
[[nodiscard]] std::string authorization(const SigningRequest& request, const SigningScope& scope,
                                        const Credentials& credentials);

}  // namespace nats3::object
