#include "object/s3/s3_store.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <map>
#include <mutex>
#include <utility>

#include "base/digest.h"
#include "object/keys.h"
#include "object/s3/client.h"
#include "object/s3/content.h"
#include "object/s3/multipart.h"
#include "object/s3/xml.h"

namespace nats3::object {
namespace {

class S3Store final : public ObjectStore {
 public:
  S3Store(std::shared_ptr<S3Client> client, std::string bucket)
      : client_(std::move(client)), bucket_(std::move(bucket)), uploader_(client_, bucket_) {}

  Result<void> put(const std::string& key, const Body& body) override {
    if (auto checked = check_key(key); !checked) {
      return checked;
    }
    if (body.bytes.size() > client_->options().multipart_above_bytes) {
      return uploader_.put(key, body.bytes);
    }
    S3Request request = make("putting", "PUT", key);
    request.body = body.bytes;
    request.body_sha256 = body.sha256;
    if (client_->options().checksum == Checksum::kSha256) {
      request.body_sha256 = body.sha256 ? *body.sha256 : sha256(body.bytes);
      request.headers.emplace_back("x-amz-checksum-sha256",
                                   to_base64(as_view(*request.body_sha256)));
    }
    const auto answer = client_->call(request);
    return answer ? Result<void>{} : fail(answer.error());
  }

  Result<std::string> get(const std::string& key, std::optional<ByteRange> range) override {
    if (auto checked = check_key(key); !checked) {
      return fail(std::move(checked.error()));
    }
    if (range && range->length == 0) {
      return get_nothing(key, *range);
    }
    const std::uint64_t max_bytes = client_->options().max_object_bytes;
    S3Request request = make("getting", "GET", key);
    request.max_answer_bytes = max_bytes;
    if (range) {
      request.headers.emplace_back("range", range_header(*range));
      request.max_answer_bytes = std::min(range->length.value_or(max_bytes), max_bytes);
    }
    auto answer = client_->call(request);
    if (!answer) {
      return fail(std::move(answer.error()));
    }
    return whole_content(std::move(*answer), range, key);
  }

  Result<ObjectInfo> head(const std::string& key) override {
    if (auto checked = check_key(key); !checked) {
      return fail(std::move(checked.error()));
    }
    const auto answer = client_->call(make("looking at", "HEAD", key));
    if (!answer) {
      return fail(answer.error());
    }
    const auto length = content_length(*answer);
    if (!length) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("looking at '{}/{}': the answer has no Content-Length", bucket_,
                              printable(key)));
    }
    return ObjectInfo{key, *length};
  }

  Result<ListPage> list(const ListQuery& query) override {
    if (auto checked = check_query(query); !checked) {
      return fail(std::move(checked.error()));
    }
    S3Request request = make("listing", "GET", "");
    request.max_answer_bytes = kMaxListBytes;
    request.query = {{"list-type", "2"},
                     {"encoding-type", "url"},
                     {"max-keys", std::to_string(query.limit)},
                     {"prefix", query.prefix}};
    if (!query.delimiter.empty()) {
      request.query.emplace_back("delimiter", query.delimiter);
    }
    if (!query.token.empty()) {
      request.query.emplace_back("continuation-token", query.token);
    } else if (!query.start_after.empty()) {
      request.query.emplace_back("start-after", query.start_after);
    }
    const auto answer = client_->call(request);
    if (!answer) {
      return fail(answer.error());
    }
    return parse_list_result(answer->body)
        .and_then([&](ListPage page) { return checked_page(std::move(page), query); })
        .map_error([&](const Error& error) {
          return error.with_context(fmt::format("listing '{}'", bucket_));
        });
  }

  Result<void> remove(const std::string& key) override {
    if (auto checked = check_key(key); !checked) {
      return checked;
    }
    const auto answer = client_->call(make("removing", "DELETE", key));
    const bool was_missing = !answer && answer.error().s3_code == "NoSuchKey";
    return answer || was_missing ? Result<void>{} : fail(answer.error());
  }

 private:
  [[nodiscard]] S3Request make(std::string what, std::string method, std::string key) const {
    return S3Request{.what = std::move(what),
                     .method = std::move(method),
                     .bucket = bucket_,
                     .key = std::move(key)};
  }

  // HTTP has no range of no bytes.
  Result<std::string> get_nothing(const std::string& key, const ByteRange& range) {
    return head(key).and_then([&](const ObjectInfo& info) -> Result<std::string> {
      if (range.offset >= info.size) {
        return fail(range_error(key, range.offset, info.size));
      }
      return std::string{};
    });
  }

  std::shared_ptr<S3Client> client_;
  std::string bucket_;
  MultipartUploader uploader_;
};

class S3Provider final : public ObjectStoreProvider {
 public:
  explicit S3Provider(const S3Options& options) : client_(S3Client::make(options)) {}

  Result<std::shared_ptr<ObjectStore>> open(const std::string& bucket,
                                            IfMissing if_missing) override {
    if (!client_) {
      return fail(client_.error());
    }
    if (auto checked = check_bucket(bucket); !checked) {
      return fail(std::move(checked.error()));
    }
    auto found = look_for(bucket);
    if (!found && found.error().code == ErrorCode::kNotFound && if_missing == IfMissing::kCreate) {
      found = create(bucket);
    }
    if (!found) {
      return fail(std::move(found.error()));
    }
    const std::lock_guard lock(mutex_);
    auto& store = stores_[bucket];
    if (!store) {
      store = std::make_shared<S3Store>(*client_, bucket);
    }
    return store;
  }

 private:
  // A listing, not a HEAD: it needs a right that we need anyway, and says what is wrong.
  Result<void> look_for(const std::string& bucket) {
    S3Request request{.what = "opening the bucket",
                      .method = "GET",
                      .bucket = bucket,
                      .query = {{"list-type", "2"}, {"max-keys", "1"}}};
    const auto answer = (*client_)->call(request);
    return answer ? Result<void>{} : fail(answer.error());
  }

  // A bucket of our own that is there already is what was asked for.
  Result<void> create(const std::string& bucket) {
    const std::string& region = (*client_)->options().region;
    // us-east-1 is what no location means, and refused as a location.
    auto created = region == "us-east-1" ? create_with(bucket, "")
                                         : create_with(bucket, write_create_bucket(region));
    if (!created && created.error().s3_code == "InvalidLocationConstraint") {
      // Other servers have regions, if any, that they don't call by AWS' names.
      created = create_with(bucket, "");
    }
    if (!created && created.error().s3_code != "BucketAlreadyOwnedByYou") {
      return fail(created.error());
    }
    return {};
  }

  tl::expected<HttpAnswer, S3Failure> create_with(const std::string& bucket,
                                                  const std::string& body) {
    S3Request request{
        .what = "creating the bucket", .method = "PUT", .bucket = bucket, .body = body};
    return (*client_)->call(request);
  }

  Result<std::shared_ptr<S3Client>> client_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<ObjectStore>> stores_;
};

}  // namespace

std::shared_ptr<ObjectStoreProvider> make_s3_provider(const S3Options& options) {
  return std::make_shared<S3Provider>(options);
}

}  // namespace nats3::object
