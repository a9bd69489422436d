// FakeArchiveService: answers as told. For tests of what speaks to an ArchiveService.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "jobs/archive_service.h"

namespace nats3::api {

class FakeArchiveService final : public jobs::ArchiveService {
 public:
  Result<catalog::BucketContents> streams(const std::string& bucket,
                                          const std::string& prefix) override {
    asked = {bucket, prefix};
    return error ? fail(*error) : Result<catalog::BucketContents>(bucket_contents);
  }
  Result<catalog::StreamContents> stream(const std::string& bucket, const std::string& prefix,
                                         const std::string& stream) override {
    asked = {bucket, prefix, stream};
    return error ? fail(*error) : Result<catalog::StreamContents>(stream_contents);
  }

  catalog::BucketContents bucket_contents;
  catalog::StreamContents stream_contents;
  std::optional<Error> error;
  std::vector<std::string> asked;  // the latest arguments
};

}  // namespace nats3::api
