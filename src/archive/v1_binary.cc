// Version-1 chunks of codec Binary: fixed-width little-endian, a u64 length before strings, byte
// strings, lists and maps, one byte 0 or 1 for an option. Source: docs/format-v1.md.

#include <fmt/format.h>

#include "archive/text.h"
#include "archive/v1_codec.h"
#include "archive/wire.h"
#include "base/time_text.h"

namespace nats3::archive::v1 {
namespace {

// The least that one takes: what bounds a count before memory is taken for it.
constexpr std::size_t kMinMessageBytes = 8 + 8 + 1 + 8 + 8 + 20 + 8;
constexpr std::size_t kMinNameBytes = 8 + 8;
constexpr std::size_t kMinValueBytes = 8;

// Reads one chunk. Functions return what is wrong, or null.
class BinaryDecoder {
 public:
  explicit BinaryDecoder(std::string_view bytes) : bytes_(bytes), reader_(bytes) {}

  Result<V1Chunk> decode() {
    if (const char* flaw = read_block(); flaw != nullptr) {
      const std::size_t number = chunk_.messages.size() + 1;
      return corrupt(in_messages_ ? fmt::format("message {}: {}", number, flaw) : flaw);
    }
    const std::size_t block_bytes = bytes_.size() - reader_.remaining();
    const std::string_view magic = sized();
    const std::string_view version = sized();
    const std::string_view hash = sized();
    if (!reader_.ok()) {
      return corrupt("it is cut");
    }
    if (reader_.remaining() > 0) {
      return corrupt("something follows its end");
    }
    if (auto checked = check_envelope(magic, version, hash, sha256(bytes_.substr(0, block_bytes)));
        !checked) {
      return fail(checked.error());
    }
    connect(chunk_, header_ends_);
    return std::move(chunk_);
  }

 private:
  const char* read_block() {
    const auto count = reader_.fixed<std::uint64_t>();
    if (count > reader_.remaining() / kMinMessageBytes) {
      return "it is too short for the messages it should have";
    }
    chunk_.messages.reserve(count);
    header_ends_.reserve(count);
    in_messages_ = true;
    for (std::uint64_t i = 0; i < count; ++i) {
      if (const char* flaw = read_message(); flaw != nullptr) {
        return flaw;
      }
    }
    in_messages_ = false;
    if (!read_time(chunk_.time_min) || !read_time(chunk_.time_max)) {
      return "its timestamp_min or timestamp_max is no time";
    }
    reader_.fixed<std::uint64_t>();  // bytes_total
    return reader_.ok() ? nullptr : "it is cut";
  }

  const char* read_message() {
    Message message;
    if (!read_text(message.subject)) {
      return "its subject is cut or isn't UTF-8";
    }
    message.payload = sized();
    const auto has_headers = reader_.fixed<std::uint8_t>();
    if (has_headers > 1) {
      return "whether it has headers is neither 0 nor 1";
    }
    if (has_headers == 1) {
      if (const char* flaw = read_headers(); flaw != nullptr) {
        return flaw;
      }
    }
    reader_.fixed<std::uint64_t>();  // length
    if (!read_time(message.time)) {
      return "its timestamp is no time";
    }
    reader_.fixed<std::uint64_t>();  // sequence: 0, whatever it was
    if (!reader_.ok()) {
      return "it is cut";
    }
    chunk_.messages.push_back(message);
    header_ends_.push_back(chunk_.fields.size());
    return nullptr;
  }

  const char* read_headers() {
    const auto names = reader_.fixed<std::uint64_t>();
    if (names > reader_.remaining() / kMinNameBytes) {
      return "it is too short for the headers it should have";
    }
    std::string_view previous;
    for (std::uint64_t i = 0; i < names; ++i) {
      std::string_view name;
      if (!read_text(name)) {
        return "the name of a header is cut or isn't UTF-8";
      }
      if (i > 0 && name <= previous) {
        return "its headers aren't sorted by name";
      }
      previous = name;
      if (const char* flaw = read_values(name); flaw != nullptr) {
        return flaw;
      }
    }
    return nullptr;
  }

  const char* read_values(std::string_view name) {
    const auto count = reader_.fixed<std::uint64_t>();
    if (count > reader_.remaining() / kMinValueBytes ||
        count > kMaxV1Fields - chunk_.fields.size()) {
      return "it has more headers than can be";
    }
    if (count == 0) {
      return "a header has no values";
    }
    for (std::uint64_t i = 0; i < count; ++i) {
      HeaderField field{name, {}};
      if (!read_text(field.value)) {
        return "the value of a header is cut or isn't UTF-8";
      }
      chunk_.fields.push_back(field);
    }
    return nullptr;
  }

  std::string_view sized() { return reader_.take(reader_.fixed<std::uint64_t>()); }

  bool read_text(std::string_view& into) {
    into = sized();
    return reader_.ok() && is_utf8(into);
  }

  bool read_time(Timestamp& into) {
    const auto time = parse_time(sized());
    into = time.value_or(Timestamp{});
    return time.has_value();
  }

  std::string_view bytes_;
  ByteReader reader_;
  V1Chunk chunk_;
  std::vector<std::size_t> header_ends_;
  bool in_messages_ = false;
};

}  // namespace

Result<V1Chunk> decode_binary(std::string bytes) {
  const auto memory = std::make_shared<const std::string>(std::move(bytes));
  return BinaryDecoder(*memory).decode().map([&](V1Chunk&& chunk) {
    chunk.memory = memory;
    return std::move(chunk);
  });
}

}  // namespace nats3::archive::v1
