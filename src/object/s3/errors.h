// What an S3 answer that is no success means: whether to try again, and what to tell a person.
// Pure functions: any thread may call them.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "object/http/transport.h"
#include "object/s3/xml.h"

namespace nats3::object {

// The error for an answer with `status`. `what` names operation, bucket and key; `error` is the
// answer's <Error>, with an empty code when it had none.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
[[nodiscard]] Error s3_error(std::string_view what, int status, const S3Error& error);

// The answer's <Error>, filled up from its headers; empty when there is none.
[[nodiscard]] S3Error error_of(const HttpAnswer& answer);

}  // namespace nats3::object
