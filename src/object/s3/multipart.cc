#include "object/s3/multipart.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "object/keys.h"

namespace nats3::object {
namespace {

constexpr std::uint64_t kMinPartBytes = 5 << 20;
constexpr std::uint64_t kMaxParts = 10'000;
constexpr int kAbortTries = 3;
constexpr std::size_t kMaxRemembered = 100;

}  // namespace

MultipartUploader::MultipartUploader(std::shared_ptr<S3Client> client, std::string bucket)
    : client_(std::move(client)), bucket_(std::move(bucket)) {}

Result<void> MultipartUploader::put(const std::string& key, std::string_view body) {
  abort_remembered();
  const auto upload = begin(key);
  if (!upload) {
    return fail(upload.error());
  }
  auto sent = send_parts(*upload, body);
  if (!sent) {
    abort_or_remember(*upload);
  }
  return sent;
}

Result<MultipartUploader::Upload> MultipartUploader::begin(const std::string& key) {
  S3Request request{.what = "beginning the upload of",
                    .method = "POST",
                    .bucket = bucket_,
                    .key = key,
                    .query = {{"uploads", ""}}};
  const auto answer = client_->call(request);
  if (!answer) {
    return fail(answer.error());
  }
  auto id = parse_upload_id(answer->body);
  if (!id) {
    return fail(id.error().with_context(fmt::format("uploading '{}/{}'", bucket_, printable(key))));
  }
  return Upload{key, std::move(*id)};
}

Result<void> MultipartUploader::send_parts(const Upload& upload, std::string_view body) {
  const std::uint64_t part_bytes = std::max(
      {client_->options().part_bytes, kMinPartBytes, (body.size() + kMaxParts - 1) / kMaxParts});
  std::vector<std::string> etags;
  for (std::uint64_t begin = 0; begin < body.size(); begin += part_bytes) {
    auto etag = send_part(upload, etags.size() + 1, body.substr(begin, part_bytes));
    if (!etag) {
      return fail(std::move(etag.error()));
    }
    etags.push_back(std::move(*etag));
  }
  return complete(upload, etags);
}

Result<std::string> MultipartUploader::send_part(const Upload& upload, std::size_t number,
                                                 std::string_view part) {
  S3Request request{.what = fmt::format("uploading part {} of", number),
                    .method = "PUT",
                    .bucket = bucket_,
                    .key = upload.key,
                    .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload.id}},
                    .body = part};
  const auto answer = client_->call(request);
  if (!answer) {
    return fail(answer.error());
  }
  std::string etag(answer->header("etag"));
  if (etag.empty()) {
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("uploading '{}/{}': the answer to a part has no ETag; does the endpoint "
                    "speak S3?",
                    bucket_, printable(upload.key)));
  }
  return etag;
}

Result<void> MultipartUploader::complete(const Upload& upload,
                                         const std::vector<std::string>& etags) {
  const std::string body = write_complete(etags);
  // The server may say nothing for minutes while it puts the parts together.
  S3Request request{.what = "completing the upload of",
                    .method = "POST",
                    .bucket = bucket_,
                    .key = upload.key,
                    .query = {{"uploadId", upload.id}},
                    .body = body,
                    .silence = HttpRequest::Silence::kIsWork};
  const auto answer = client_->call(request);
  if (!answer) {
    return fail(answer.error());
  }
  if (!is_complete_result(answer->body)) {
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("completing the upload of '{}/{}': HTTP {}, but the answer does not say "
                    "that it was done",
                    bucket_, printable(upload.key), answer->status));
  }
  return {};
}

bool MultipartUploader::abort(const Upload& upload) {
  S3Request request{.what = "aborting the upload of",
                    .method = "DELETE",
                    .bucket = bucket_,
                    .key = upload.key,
                    .query = {{"uploadId", upload.id}}};
  // A part that was still on its way when its request failed may arrive after the first abort.
  // Source: https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
  int done = 0;
  for (int tries = 0; tries < kAbortTries; ++tries) {
    const auto answer = client_->call(request);
    if (!answer && answer.error().s3_code == "NoSuchUpload") {
      return true;
    }
    done += answer ? 1 : 0;
  }
  return done > 1;
}

void MultipartUploader::abort_or_remember(const Upload& upload) {
  if (!abort(upload)) {
    const std::lock_guard lock(mutex_);
    if (not_aborted_.size() < kMaxRemembered) {
      not_aborted_.push_back(upload);
    }
  }
}

void MultipartUploader::abort_remembered() {
  std::vector<Upload> uploads;
  {
    const std::lock_guard lock(mutex_);
    uploads.swap(not_aborted_);
  }
  for (const Upload& upload : uploads) {
    abort_or_remember(upload);
  }
}

}  // namespace nats3::object
