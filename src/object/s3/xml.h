// The XML that S3 speaks, read and written. Pure functions of hostile text: sizes are bounded by
// the caller's limits on answers, and entities are never defined or fetched (pugixml knows only the
// five of XML itself).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "object/object_store.h"

namespace nats3::object {

// The most a listing's answer may have: 1,000 keys of 1,024 bytes, each three times as long when
// encoded, with their dates, tags and owners.
inline constexpr std::size_t kMaxListBytes = 8 << 20;
// The most any other answer without an object in it may have.
inline constexpr std::size_t kMaxSmallAnswerBytes = 256 << 10;

// An <Error>.
struct S3Error {
  std::string code;
  std::string message;
  std::string region;      // "" unless the bucket lives elsewhere
  std::string request_id;  // "" if not given
};

// The <Error> in `xml`, wherever it is the root. Nothing when there is none.
[[nodiscard]] std::optional<S3Error> parse_error(std::string_view xml);

// A ListBucketResult of ListObjectsV2; keys decoded. Errors: kUnavailable when it isn't one, or not
// a whole one.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
[[nodiscard]] Result<ListPage> parse_list_result(std::string_view xml);

// The UploadId of an InitiateMultipartUploadResult. Errors: kUnavailable when there is none.
[[nodiscard]] Result<std::string> parse_upload_id(std::string_view xml);

// Whether `xml` is a CompleteMultipartUploadResult.
[[nodiscard]] bool is_complete_result(std::string_view xml);

// The body of CompleteMultipartUpload: parts from 1 on by their ETags.
[[nodiscard]] std::string write_complete(const std::vector<std::string>& etags);

// The body of CreateBucket in a region other than us-east-1.
[[nodiscard]] std::string write_create_bucket(std::string_view region);

}  // namespace nats3::object
