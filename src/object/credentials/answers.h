// What those who give out temporary credentials answer. Pure functions of hostile text, whose
// length the caller bounds. No error has a secret in it.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "object/credentials/credentials.h"
#include "object/http/transport.h"

namespace nats3::object {

// The most that any of them answers.
inline constexpr std::size_t kMaxCredentialsAnswerBytes = 64 << 10;

// The JSON of containers and instances: AccessKeyId, SecretAccessKey, Token and Expiration.
// Errors: kUnavailable when it isn't that, kDenied when it says why there are no credentials.
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
[[nodiscard]] Result<ExpiringCredentials> parse_key_document(std::string_view json);

// The XML of STS: AssumeRoleWithWebIdentityResponse. Errors: kUnavailable when it isn't that.
// Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
[[nodiscard]] Result<ExpiringCredentials> parse_role_answer(std::string_view xml);

// What an answer whose status isn't 2xx means, with what it says itself: kUnavailable for 429, 5xx
// and throttling, else kDenied. `advice`: what a person should do then.
[[nodiscard]] Error refusal_of(const HttpAnswer& answer, std::string_view advice);

}  // namespace nats3::object
