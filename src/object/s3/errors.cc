#include "object/s3/errors.h"

#include <fmt/format.h>

#include <array>

#include "object/keys.h"

namespace nats3::object {
namespace {

struct Meaning {
  std::string_view s3_code;
  ErrorCode code;
  std::string_view advice;  // "" when the message says enough
};

// What a code means whatever the status: some come with different ones, or with 200.
constexpr auto kMeanings = std::to_array<Meaning>({
    {"AccessDenied", ErrorCode::kDenied, "give the access key the right to do this"},
    {"AccountProblem", ErrorCode::kDenied, ""},
    {"AllAccessDisabled", ErrorCode::kDenied, ""},
    {"AuthorizationHeaderMalformed", ErrorCode::kInvalid, "check the region"},
    {"BadDigest", ErrorCode::kUnavailable, "the body was damaged on its way"},
    {"BucketAlreadyExists", ErrorCode::kDenied,
     "the bucket belongs to somebody else: choose another name"},
    {"EntityTooLarge", ErrorCode::kInvalid, "the server takes no object that large"},
    {"EntityTooSmall", ErrorCode::kInvalid, "multipart parts must have at least 5 MiB"},
    {"ExpiredToken", ErrorCode::kDenied, "renew the session token"},
    {"IncompleteBody", ErrorCode::kUnavailable, "the body was cut on its way"},
    {"IllegalLocationConstraintException", ErrorCode::kInvalid, "check the region"},
    {"InternalError", ErrorCode::kUnavailable, ""},
    {"InvalidAccessKeyId", ErrorCode::kDenied, "check the access key"},
    {"InvalidBucketName", ErrorCode::kInvalid, "choose another name"},
    {"InvalidDigest", ErrorCode::kInvalid, ""},
    {"InvalidLocationConstraint", ErrorCode::kInvalid, "check the region"},
    {"InvalidObjectState", ErrorCode::kUnavailable,
     "the object is in an archive class: restore it first"},
    {"InvalidRange", ErrorCode::kInvalid, "ask for less"},
    {"InvalidToken", ErrorCode::kDenied, "renew the session token"},
    {"NoSuchBucket", ErrorCode::kNotFound, "create the bucket or correct its name"},
    {"NoSuchKey", ErrorCode::kNotFound, ""},
    {"NoSuchUpload", ErrorCode::kUnavailable, "somebody ended the multipart upload"},
    {"OperationAborted", ErrorCode::kUnavailable, ""},
    {"PermanentRedirect", ErrorCode::kInvalid, "correct the region or the endpoint"},
    {"QuotaExceeded", ErrorCode::kUnavailable, "free some room or raise the quota"},
    {"RequestExpired", ErrorCode::kDenied, "set this machine's clock"},
    {"RequestTimeTooSkewed", ErrorCode::kDenied, "set this machine's clock"},
    {"RequestTimeout", ErrorCode::kUnavailable, ""},
    {"ServiceUnavailable", ErrorCode::kUnavailable, ""},
    {"SignatureDoesNotMatch", ErrorCode::kDenied, "check the secret key"},
    {"SlowDown", ErrorCode::kUnavailable, ""},
    {"TokenRefreshRequired", ErrorCode::kDenied, "renew the session token"},
    {"TooManyBuckets", ErrorCode::kDenied, "remove a bucket or raise the limit"},
    {"XAmzContentSHA256Mismatch", ErrorCode::kUnavailable, "the body was damaged on its way"},
});

const Meaning* meaning_of(std::string_view s3_code) {
  for (const Meaning& meaning : kMeanings) {
    if (meaning.s3_code == s3_code) {
      return &meaning;
    }
  }
  return nullptr;
}

Meaning meaning_of_status(int status) {
  switch (status) {
    case 301:
      return {"", ErrorCode::kInvalid, "correct the region or the endpoint"};
    case 401:
    case 403:
      return {"", ErrorCode::kDenied, "check the credentials and what they may do"};
    case 404:
      return {"", ErrorCode::kNotFound, "no such object, or no such bucket"};
    case 400:  // to a HEAD as well, which can't say that a token has ended
      return {"", ErrorCode::kInvalid, "does the endpoint speak S3, and do the credentials hold?"};
    case 405:
    case 411:
    case 414:
    case 416:
    case 501:
      return {"", ErrorCode::kInvalid, "does the endpoint speak S3?"};
    case 412:
      return {"", ErrorCode::kConflict, ""};
    default:
      break;
  }
  // 200 with an <Error> of a code unknown here, 307 while a new bucket's name spreads, 408, 409,
  // 425, 429, 5xx: what may be otherwise next time.
  return {"", ErrorCode::kUnavailable, ""};
}

}  // namespace

Error s3_error(std::string_view what, int status, const S3Error& error) {
  const Meaning* known = meaning_of(error.code);
  Meaning meaning = known != nullptr ? *known : meaning_of_status(status);
  // A server that is failing says so by the status, whatever else it says.
  if (status >= 500 && status != 501) {
    meaning.code = ErrorCode::kUnavailable;
  }
  std::string message = fmt::format("{}: HTTP {}", what, status);
  if (!error.code.empty()) {
    message += ' ' + printable(error.code);
  }
  if (!error.message.empty()) {
    message += fmt::format(" ({})", printable(error.message));
  }
  if (!error.region.empty()) {
    message += fmt::format("; the bucket is in region '{}'", printable(error.region));
  }
  if (!meaning.advice.empty()) {
    message += fmt::format("; {}", meaning.advice);
  }
  if (!error.request_id.empty()) {
    message += fmt::format(" [request {}]", printable(error.request_id));
  }
  return Error{meaning.code, std::move(message)};
}

S3Error error_of(const HttpAnswer& answer) {
  S3Error error = parse_error(answer.body).value_or(S3Error{});
  // Sent with every answer; worth saying where a wrong region may be the trouble.
  const bool may_be_elsewhere =
      answer.status == 301 || answer.status == 307 || answer.status == 400;
  if (error.region.empty() && may_be_elsewhere) {
    error.region = answer.header("x-amz-bucket-region");
  }
  if (error.request_id.empty()) {
    error.request_id = answer.header("x-amz-request-id");
  }
  return error;
}

}  // namespace nats3::object
