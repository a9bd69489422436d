#include "object/s3/client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/ascii.h"
#include "base/digest.h"
#include "object/keys.h"
#include "object/s3/errors.h"

namespace nats3::object {
namespace {

// S3 allows 15 minutes. A refusal without a reason (to a HEAD) is put down to the clock beyond
// this.
constexpr std::chrono::minutes kSuspectSkew{5};

Sha256Digest body_sha256(const S3Request& request) {
  return request.body_sha256 ? *request.body_sha256 : sha256(request.body);
}

bool is_success(const Result<HttpAnswer>& answer) { return answer && answer->status / 100 == 2; }

bool hash_was_refused(const HttpAnswer& answer) {
  return error_of(answer).code == "XAmzContentSHA256Mismatch";
}

Md5Choice::Trial read_trial(const Result<HttpAnswer>& answer) {
  if (is_success(answer)) {
    return Md5Choice::Trial::kTaken;
  }
  return answer && hash_was_refused(*answer) ? Md5Choice::Trial::kRefused
                                             : Md5Choice::Trial::kUnclear;
}

// Whether what was sent so may be taken with its MD5 and its hash.
bool may_be_due_to(Md5Choice::Way way, const HttpAnswer& answer) {
  switch (way) {
    case Md5Choice::Way::kTrial:
      return answer.status / 100 == 4;
    case Md5Choice::Way::kWithoutMd5:
      return answer.status == 400 && !hash_was_refused(answer);
    case Md5Choice::Way::kWithMd5:
      return false;
  }
  return false;
}

// Servers say in different ways that they don't take a key or a token any more, and to a HEAD they
// say nothing.
bool may_be_due_to_keys(const S3Request& request, const HttpAnswer& answer) {
  if (answer.status == 401 || answer.status == 403) {
    return true;
  }
  if (answer.status != 400) {
    return false;
  }
  const std::string code = error_of(answer).code;
  return request.method == "HEAD" || code == "ExpiredToken" || code == "InvalidToken" ||
         code == "TokenRefreshRequired";
}

std::string describe(const S3Request& request) {
  return request.key.empty()
             ? fmt::format("{} '{}'", request.what, request.bucket)
             : fmt::format("{} '{}/{}'", request.what, request.bucket, printable(request.key));
}

}  // namespace

Result<std::shared_ptr<S3Client>> S3Client::make(const S3Options& options) {
  auto endpoint = Endpoint::make(options);
  if (!endpoint) {
    return fail(std::move(endpoint.error()));
  }
  if (!options.credentials) {
    return fail(ErrorCode::kInvalid, "S3 needs an access key and a secret key: set both");
  }
  if (has_control(options.region)) {  // it becomes a part of a header
    return fail(ErrorCode::kInvalid, "S3's region has a control character");
  }
  return std::shared_ptr<S3Client>(new S3Client(options, std::move(*endpoint)));
}

S3Client::S3Client(const S3Options& options, Endpoint endpoint)
    : options_(options),
      endpoint_(std::move(endpoint)),
      credentials_(options.credentials, *options.clock, options.on_credentials),
      transport_(options.http) {}

Timestamp S3Client::now() const {
  return options_.clock->now() + std::chrono::nanoseconds{clock_offset_ns_.load()};
}

tl::expected<HttpAnswer, S3Failure> S3Client::call(const S3Request& request) {
  const std::string what = describe(request);
  auto answer = send_as_known(request);
  if (!answer) {
    return tl::unexpected(S3Failure{answer.error().with_context(what), ""});
  }
  const S3Error error = error_of(*answer);
  // An object may look like an error; only an answer without an object in it is one.
  const bool error_inside = !error.code.empty() && request.method == "POST";
  if (answer->status / 100 == 2 && !error_inside) {
    return std::move(*answer);
  }
  if (answer->status == 404 && error.code.empty() && request.method != "HEAD") {
    // S3 says which thing is missing. A 404 without that is from something in between, and must not
    // be taken for a missing object.
    return tl::unexpected(S3Failure{
        {ErrorCode::kUnavailable,
         fmt::format("{}: HTTP 404 from something that is not S3; check the endpoint", what)},
        ""});
  }
  Error failure = s3_error(what, answer->status, error);
  if (may_be_due_to_keys(request, *answer)) {
    failure.code = failure.code == ErrorCode::kInvalid ? ErrorCode::kDenied : failure.code;
    if (const auto trouble = credentials_.trouble()) {
      failure.message += fmt::format("; they can't be renewed: {}", trouble->message);
    }
  }
  return tl::unexpected(S3Failure{std::move(failure), error.code});
}

Result<HttpAnswer> S3Client::send_as_known(const S3Request& request) {
  auto keys = credentials_.get(now());
  if (!keys) {
    return fail(std::move(keys.error()));
  }
  Signer signer{std::move(*keys), now()};
  auto answer = send(request, signer);
  if (answer && adopt_clock(request, signer.time, *answer)) {
    signer.time = now();
    answer = send(request, signer);
  }
  if (answer && may_be_due_to_keys(request, *answer)) {
    if (auto others = credentials_.instead_of(signer.keys, now())) {
      answer = send(request, {std::move(*others), now()});
    }
  }
  return answer;
}

bool S3Client::leaves_bodies_unsigned() const {
  return options_.payload_signing == PayloadSigning::kUnsignedOnHttps && endpoint_.is_https();
}

Md5Choice::Way S3Client::choose_way(const S3Request& request) {
  return leaves_bodies_unsigned() ? Md5Choice::Way::kWithMd5 : md5_.next(request.body.size());
}

Result<HttpAnswer> S3Client::send(const S3Request& request, const Signer& signer) {
  const Md5Choice::Way way = choose_way(request);
  auto answer = send_once(request, signer, way);
  if (way == Md5Choice::Way::kTrial) {
    md5_.tried(read_trial(answer));
  }
  if (answer && may_be_due_to(way, *answer)) {
    answer = send_once(request, signer, Md5Choice::Way::kWithMd5);
    if (way == Md5Choice::Way::kWithoutMd5 && is_success(answer)) {
      md5_.wanted();  // as where objects are locked
    }
  } else if (way == Md5Choice::Way::kWithMd5 && is_success(answer)) {
    md5_.stored(request.body.size());
  }
  return answer;
}

Result<HttpAnswer> S3Client::send_once(const S3Request& request, const Signer& signer,
                                       Md5Choice::Way way) {
  const Target target = endpoint_.target(request.bucket, request.key);
  const SigningScope scope{options_.region, "s3", signer.time};
  std::string payload_hash(kUnsignedPayload);
  if (request.body.empty() || !leaves_bodies_unsigned()) {
    Sha256Digest hash = body_sha256(request);
    hash[0] ^= way == Md5Choice::Way::kTrial ? 1 : 0;
    payload_hash = to_hex(as_view(hash));
  }
  SigningRequest signing{request.method, target.path, request.query, request.headers,
                         std::move(payload_hash)};
  NameValues& headers = signing.headers;
  headers.emplace_back("host", target.host);
  headers.emplace_back("x-amz-date", amz_date(scope.time));
  headers.emplace_back("x-amz-content-sha256", signing.payload_hash);
  if (!signer.keys.session_token.empty()) {
    headers.emplace_back("x-amz-security-token", signer.keys.session_token);
  }
  if (request.method == "PUT" || !request.body.empty()) {
    if (way != Md5Choice::Way::kWithoutMd5) {
      headers.emplace_back("content-md5", to_base64(as_view(md5(request.body))));
    }
    headers.emplace_back("content-type", "application/octet-stream");
  }
  headers.emplace_back("authorization", authorization(signing, scope, signer.keys));

  const std::string query = encode_query(request.query);
  return transport_.send({request.method,
                          endpoint_.url(target) + (query.empty() ? "" : "?" + query), headers,
                          request.body, request.max_answer_bytes, request.silence});
}

// The clock may be right by now: another request's answer has set it, or somebody else. What counts
// is the time that the request was signed with.
bool S3Client::adopt_clock(const S3Request& request, Timestamp signed_at,
                           const HttpAnswer& answer) {
  if (answer.status != 403) {
    return false;
  }
  const std::string date(answer.header("date"));
  const std::time_t seconds = curl_getdate(date.c_str(), nullptr);
  if (seconds < 0) {
    return false;
  }
  const Timestamp theirs{std::chrono::seconds{seconds}};
  const bool says_so = error_of(answer).code == "RequestTimeTooSkewed";
  const bool suspect =
      request.method == "HEAD" && std::chrono::abs(theirs - signed_at) > kSuspectSkew;
  if (!says_so && !suspect) {
    return false;
  }
  clock_offset_ns_ = (theirs - options_.clock->now()).count();
  return true;
}

}  // namespace nats3::object
