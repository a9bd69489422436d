// FakeArchiveService: answers as told. For tests of what speaks to an ArchiveService.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
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
  Result<Lines> read(const std::string& bucket, const std::string& prefix,
                     const std::string& stream, const catalog::Selection& selection,
                     std::uint64_t limit) override {
    asked = {bucket, prefix, stream};
    asked_selection = selection;
    asked_limit = limit;
    return error ? fail(*error) : Result<Lines>([this] { return next_lines(); });
  }

  Result<catalog::Pruned> prune(const std::string& bucket, const std::string& prefix,
                                const std::string& stream, Timestamp before,
                                bool dry_run) override {
    asked = {bucket, prefix, stream};
    asked_before = before;
    asked_dry_run = dry_run;
    return error ? fail(*error) : Result<catalog::Pruned>(pruned);
  }

  catalog::BucketContents bucket_contents;
  catalog::StreamContents stream_contents;
  std::optional<Error> error;
  std::deque<Result<std::optional<std::string>>> lines;  // what each call of read()'s Lines gives
  std::vector<std::string> asked;                        // the latest arguments
  catalog::Selection asked_selection;
  std::uint64_t asked_limit = 0;
  catalog::Pruned pruned;
  Timestamp asked_before;
  bool asked_dry_run = false;

 private:
  Result<std::optional<std::string>> next_lines() {
    if (lines.empty()) {
      return std::nullopt;
    }
    auto next = std::move(lines.front());
    lines.pop_front();
    return next;
  }
};

}  // namespace nats3::api
