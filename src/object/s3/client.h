// S3Client: one signed request to S3 and its answer, understood. What all operations share: the
// signature, the server's clock, and errors that say what to do.
//
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/error.h"
#include "object/credentials/keeper.h"
#include "object/http/transport.h"
#include "object/s3/endpoint.h"
#include "object/s3/md5_choice.h"
#include "object/s3/options.h"
#include "object/s3/sign.h"
#include "object/s3/xml.h"

namespace nats3::object {

struct S3Request {
  std::string what;  // for messages: "putting", "listing"
  std::string method;
  std::string bucket;
  std::string key = {};  // "" for the bucket itself
  NameValues query = {};
  NameValues headers = {};                       // beyond those every request has
  std::string_view body = {};                    // must outlive the call
  std::optional<Sha256Digest> body_sha256 = {};  // where it is known already
  std::uint64_t max_answer_bytes = kMaxSmallAnswerBytes;
  HttpRequest::Silence silence = HttpRequest::Silence::kStalls;
};

// An error, and S3's own code for it: "" when the answer had none.
struct S3Failure : Error {
  std::string s3_code;
};

class S3Client {
 public:
  // Errors: kInvalid for an endpoint or a region that can't be right, or no credentials.
  [[nodiscard]] static Result<std::shared_ptr<S3Client>> make(const S3Options& options);

  // Signs and sends `request`; gives the answer when its status is 2xx and it holds no <Error>.
  // When the server finds our clock too far off, its clock is taken over and the request sent once
  // more; so it is when it doesn't take our credentials and there are others by now.
  // Errors: those of s3_error, Transport::send and CredentialsKeeper::get, naming operation, bucket
  // and key.
  [[nodiscard]] tl::expected<HttpAnswer, S3Failure> call(const S3Request& request);

  [[nodiscard]] const S3Options& options() const { return options_; }

 private:
  // Who signs, and when.
  struct Signer {
    Credentials keys;
    Timestamp time;
  };

  S3Client(const S3Options& options, Endpoint endpoint);
  // With the server's clock and with other credentials, where the answer asks for that.
  [[nodiscard]] Result<HttpAnswer> send_as_known(const S3Request& request);
  // Once, or twice where the first one was to learn something: see md5_choice.h.
  [[nodiscard]] Result<HttpAnswer> send(const S3Request& request, const Signer& signer);
  [[nodiscard]] Result<HttpAnswer> send_once(const S3Request& request, const Signer& signer,
                                             Md5Choice::Way way);
  [[nodiscard]] Md5Choice::Way choose_way(const S3Request& request);
  // Takes over the server's clock if `answer` complains about ours. Returns whether it did.
  [[nodiscard]] bool adopt_clock(const S3Request& request, Timestamp signed_at,
                                 const HttpAnswer& answer);
  [[nodiscard]] Timestamp now() const;
  [[nodiscard]] bool leaves_bodies_unsigned() const;

  S3Options options_;
  Endpoint endpoint_;
  CredentialsKeeper credentials_;
  Transport transport_;
  Md5Choice md5_;
  std::atomic<std::int64_t> clock_offset_ns_{0};  // the server's clock less ours
};

}  // namespace nats3::object
