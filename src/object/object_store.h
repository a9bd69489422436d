// ObjectStore: one bucket of named, whole, immutable-by-convention objects. The seam between nats3
// and S3, a folder, or memory; `tests/contract/object_store_contract.h` is what all of them obey.
//
// Thread-safe. Every call blocks until it is done or has failed; `retrying.h` adds retries.
// Errors of every call: kUnavailable (away, slow, overloaded: retry), kDenied (credentials or
// permission), kInvalid (a key or bucket the store refuses).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "base/error.h"

namespace nats3::object {

// A part of an object. Without `length`: to the end.
struct ByteRange {
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;
};

struct ObjectInfo {
  std::string key;
  std::uint64_t size = 0;
};

// What to list, in order of the keys' bytes. Don't combine `start_after` with `delimiter`: servers
// differ on whether a prefix that begins before `start_after` is still given.
struct ListQuery {
  std::string prefix;        // only keys that begin with this
  std::string start_after;   // only keys greater than this; ignored when `token` is set
  std::string delimiter;     // "" or "/": fold keys sharing a prefix up to it into common_prefixes
  std::string token;         // ListPage::next_token of the page before
  std::size_t limit = 1000;  // objects and prefixes a page, at most 1000
};

struct ListPage {
  std::vector<ObjectInfo> objects;
  std::vector<std::string> common_prefixes;
  std::string next_token;  // opaque; "" on the last page
};

// What is put, and its SHA-256 where whoever made it knows that already: S3 signs with it.
struct Body {
  std::string_view bytes;
  std::optional<Sha256Digest> sha256;
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // Stores `body` whole under `key`, replacing what is there; readers see the old or the new
  // object, never a part. Safe to repeat. Keys are 1 to 1,024 bytes of UTF-8 without control
  // characters; no path component may be empty, "." or "..". Errors: kNotFound when the bucket is
  // gone: what comes in its place may be another.
  [[nodiscard]] virtual Result<void> put(const std::string& key, const Body& body) = 0;
  [[nodiscard]] Result<void> put(const std::string& key, std::string_view bytes) {
    return put(key, Body{bytes, std::nullopt});
  }

  // The object, or the part of it in `range`. A range that begins inside the object and ends past
  // its end gives what there is. Errors: kNotFound; kInvalid for a range beginning at or past the
  // end (an empty object has no valid range, but can be got whole).
  [[nodiscard]] virtual Result<std::string> get(const std::string& key,
                                                std::optional<ByteRange> range = {}) = 0;

  // Errors: kNotFound.
  [[nodiscard]] virtual Result<ObjectInfo> head(const std::string& key) = 0;

  [[nodiscard]] virtual Result<ListPage> list(const ListQuery& query) = 0;

  // Removes `key`; removing what isn't there succeeds.
  [[nodiscard]] virtual Result<void> remove(const std::string& key) = 0;
};

enum class IfMissing { kCreate, kFail };

// Opens buckets. Thread-safe.
class ObjectStoreProvider {
 public:
  virtual ~ObjectStoreProvider() = default;
  // Errors: those of ObjectStore; kNotFound when the bucket is missing and `if_missing` is kFail.
  [[nodiscard]] virtual Result<std::shared_ptr<ObjectStore>> open(const std::string& bucket,
                                                                  IfMissing if_missing) = 0;
};

}  // namespace nats3::object
