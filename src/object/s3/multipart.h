// Multipart uploads: how objects above a limit get into S3. A failed one is aborted, and again when
// that fails, since parts left behind cost money and are not listed.
//
// Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "object/s3/client.h"

namespace nats3::object {

class MultipartUploader {
 public:
  MultipartUploader(std::shared_ptr<S3Client> client, std::string bucket);

  // Stores `body` under `key`, in parts sent one after another. Errors: those of S3Client::call;
  // nothing is stored then, unless the error is kUnavailable and only the last answer was lost.
  // Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
  [[nodiscard]] Result<void> put(const std::string& key, std::string_view body);

 private:
  struct Upload {
    std::string key;
    std::string id;
  };

  [[nodiscard]] Result<Upload> begin(const std::string& key);
  [[nodiscard]] Result<void> send_parts(const Upload& upload, std::string_view body);
  [[nodiscard]] Result<std::string> send_part(const Upload& upload, std::size_t number,
                                              std::string_view part);
  [[nodiscard]] Result<void> complete(const Upload& upload, const std::vector<std::string>& etags);
  // Returns whether the upload is known to be gone.
  [[nodiscard]] bool abort(const Upload& upload);
  void abort_or_remember(const Upload& upload);
  // Tries again what could not be aborted before.
  void abort_remembered();

  std::shared_ptr<S3Client> client_;
  std::string bucket_;
  std::mutex mutex_;
  std::vector<Upload> not_aborted_;
};

}  // namespace nats3::object
