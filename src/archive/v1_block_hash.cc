// The hash of a version-1 chunk is made over the binary form of its block, whatever its codec: for
// one read from JSON that form is made again, a piece at a time.

#include <algorithm>

#include "archive/v1_codec.h"
#include "archive/wire.h"

namespace nats3::archive::v1 {
namespace {

// SHA-256 of the binary form of a block.
class BlockHash {
 public:
  void add(std::uint64_t number) { put_fixed(buffer_, number); }
  void add(std::string_view text) {
    add(text.size());
    buffer_ += text;
    if (buffer_.size() > kFlushBytes) {
      flush();
    }
  }
  void add_option(bool there) { buffer_ += there ? '\1' : '\0'; }
  Sha256Digest finish() {
    flush();
    return hash_.finish();
  }

 private:
  static constexpr std::size_t kFlushBytes = 65'536;
  void flush() {
    hash_.update(buffer_);
    buffer_.clear();
  }
  Sha256 hash_;
  std::string buffer_;
};

// A map of lists: fields of one name are next to each other.
void add_headers(BlockHash& hash, std::span<const HeaderField> headers) {
  const auto name_differs = [](const HeaderField& a, const HeaderField& b) {
    return a.name != b.name;
  };
  std::uint64_t names = headers.empty() ? 0 : 1;
  for (std::size_t i = 1; i < headers.size(); ++i) {
    names += name_differs(headers[i - 1], headers[i]) ? 1 : 0;
  }
  hash.add(names);
  for (auto begin = headers.begin(); begin != headers.end();) {
    auto end = std::adjacent_find(begin, headers.end(), name_differs);
    end = end == headers.end() ? end : end + 1;
    hash.add(begin->name);
    hash.add(static_cast<std::uint64_t>(end - begin));
    for (; begin != end; ++begin) {
      hash.add(begin->value);
    }
  }
}

}  // namespace

Sha256Digest block_hash(const Document& document) {
  BlockHash hash;
  hash.add(document.chunk.messages.size());
  for (std::size_t i = 0; i < document.chunk.messages.size(); ++i) {
    const Message& message = document.chunk.messages[i];
    const Unused& unused = document.unused[i];
    hash.add(message.subject);
    hash.add(message.payload);
    hash.add_option(unused.has_headers);
    if (unused.has_headers) {
      add_headers(hash, message.headers);
    }
    hash.add(unused.length);
    hash.add(unused.timestamp);
    hash.add(unused.sequence);
  }
  hash.add(document.timestamp_min);
  hash.add(document.timestamp_max);
  hash.add(document.bytes_total);
  return hash.finish();
}

}  // namespace nats3::archive::v1
