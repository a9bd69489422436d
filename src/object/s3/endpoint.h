// Where a bucket and its keys are on a server: URL, Host header and the path that is signed.
// Immutable: any thread may use it.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "object/s3/options.h"

namespace nats3::object {

// A bucket or a key of it, addressed.
struct Target {
  std::string host;  // as the Host header has it, with the port if it isn't the scheme's own
  std::string path;  // not encoded
};

class Endpoint {
 public:
  // Errors: kInvalid when `options.endpoint` isn't http://host[:port] or https://host[:port].
  [[nodiscard]] static Result<Endpoint> make(const S3Options& options);

  // `key`: "" for the bucket itself.
  [[nodiscard]] Target target(std::string_view bucket, std::string_view key) const;
  // The URL of `target` without a query.
  [[nodiscard]] std::string url(const Target& target) const;
  [[nodiscard]] bool is_https() const { return scheme_ == "https"; }

 private:
  Endpoint() = default;
  std::string scheme_;
  std::string host_;
  Addressing addressing_ = Addressing::kPath;
};

}  // namespace nats3::object
