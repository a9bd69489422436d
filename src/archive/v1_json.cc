// Version-1 chunks of codec Json: one document. Payloads are arrays of numbers, so it is read as a
// stream of events; a tree of them would take sixteen times the memory. Source: docs/format-v1.md.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "archive/v1_codec.h"
#include "base/time_text.h"

namespace nats3::archive::v1 {
namespace {

using Json = nlohmann::json;

// Payloads and strings of a chunk, in one piece of memory. None is longer than the text it was
// decoded from, so the size of the document is enough for all of them.
class Arena {
 public:
  explicit Arena(std::size_t capacity)
      : memory_(std::make_unique_for_overwrite<char[]>(capacity)), next_(memory_.get()) {}

  void begin() { begin_ = next_; }
  void add(char byte) { *next_++ = byte; }
  [[nodiscard]] std::string_view view() const { return {begin_, next_}; }
  std::string_view copy(std::string_view text) {
    begin();
    next_ = std::ranges::copy(text, next_).out;
    return view();
  }
  std::shared_ptr<const void> release() { return std::shared_ptr<char[]>(std::move(memory_)); }

 private:
  std::unique_ptr<char[]> memory_;
  char* next_;
  char* begin_ = nullptr;
};

// What nlohmann's parser tells of the document. Every function returns whether to go on.
class DocumentHandler final : public nlohmann::json_sax<Json> {
 public:
  explicit DocumentHandler(std::size_t document_bytes) : arena_(document_bytes) {}

  [[nodiscard]] std::string flaw() const {
    return place_ >= Place::kMessage
               ? fmt::format("message {}: {}", document_.chunk.messages.size() + 1, flaw_)
               : flaw_;
  }

  Document release() {
    document_.chunk.memory = arena_.release();
    return std::move(document_);
  }

  bool start_object(std::size_t /*size*/) override {
    if (place_ == Place::kOutside) {
      return enter(Place::kChunk, 0);
    }
    if (place_ == Place::kChunk && member_ == kBlock) {
      return enter(Place::kBlock, 1);
    }
    if (place_ == Place::kMessages) {
      message_ = {};
      unused_ = {};
      return enter(Place::kMessage, 2);
    }
    if (place_ == Place::kMessage && member_ == kHeaders) {
      unused_.has_headers = true;
      place_ = Place::kHeaders;
      return true;
    }
    return misplaced("an object");
  }

  bool end_object() override {
    if (place_ == Place::kHeaders) {
      place_ = Place::kMessage;
      return sort_fields();
    }
    const std::size_t level = place_ == Place::kMessage ? 2 : place_ == Place::kBlock ? 1 : 0;
    if (seen_.at(level) != kAllMembers.at(level)) {
      return stop("one of its keys is missing");
    }
    if (place_ == Place::kMessage) {
      document_.chunk.messages.push_back(message_);
      document_.unused.push_back(unused_);
      document_.header_ends.push_back(document_.chunk.fields.size());
      place_ = Place::kMessages;
    } else {
      place_ = place_ == Place::kBlock ? Place::kChunk : Place::kOutside;
    }
    return true;
  }

  bool start_array(std::size_t /*size*/) override {
    if (place_ == Place::kBlock && member_ == kMessages) {
      place_ = Place::kMessages;
    } else if (place_ == Place::kMessage && member_ == kPayload) {
      arena_.begin();
      place_ = Place::kPayload;
    } else if (place_ == Place::kHeaders) {
      place_ = Place::kValues;
      values_begin_ = document_.chunk.fields.size();
    } else if (place_ == Place::kChunk && member_ == kHash) {
      place_ = Place::kHashBytes;
    } else {
      return misplaced("an array");
    }
    return true;
  }

  bool end_array() override {
    switch (place_) {
      case Place::kMessages:
        place_ = Place::kBlock;
        return true;
      case Place::kPayload:
        message_.payload = arena_.view();
        place_ = Place::kMessage;
        return true;
      case Place::kValues:
        place_ = Place::kHeaders;
        return document_.chunk.fields.size() > values_begin_ || stop("a header has no values");
      default:
        place_ = Place::kChunk;
        return true;
    }
  }

  bool key(std::string& name) override {
    if (place_ == Place::kHeaders) {
      header_name_ = arena_.copy(name);
      names_.push_back(header_name_);
      return true;
    }
    const std::size_t level = place_ == Place::kMessage ? 2 : place_ == Place::kBlock ? 1 : 0;
    const auto known = std::ranges::find_if(kKeys, [&](const KnownKey& known_key) {
      return known_key.level == level && known_key.name == name;
    });
    if (known == kKeys.end()) {
      return stop("it has a key that belongs to no chunk");
    }
    member_ = known->member;
    const bool repeated = (seen_.at(level) & member_) != 0;
    seen_.at(level) |= member_;
    return !repeated || stop("it says the same thing twice");
  }

  bool string(std::string& text) override {
    if (place_ == Place::kValues) {
      return add_header_value(text);
    }
    if (place_ == Place::kMessage && member_ == kSubject) {
      message_.subject = arena_.copy(text);
      return true;
    }
    if (place_ == Place::kMessage && member_ == kTimestamp) {
      unused_.timestamp = arena_.copy(text);
      return read_time(text, message_.time);
    }
    if (place_ == Place::kBlock && member_ == kTimestampMin) {
      return read_time(document_.timestamp_min = text, document_.chunk.time_min);
    }
    if (place_ == Place::kBlock && member_ == kTimestampMax) {
      return read_time(document_.timestamp_max = text, document_.chunk.time_max);
    }
    if (place_ == Place::kChunk && (member_ == kMagicNumber || member_ == kVersionText)) {
      (member_ == kMagicNumber ? document_.magic : document_.version) = text;
      return true;
    }
    return misplaced("a string");
  }

  bool number_unsigned(std::uint64_t number) override {
    if (place_ == Place::kPayload || place_ == Place::kHashBytes) {
      return add_byte(number);
    }
    if (place_ == Place::kMessage && member_ == kLength) {
      unused_.length = number;
      return true;
    }
    if (place_ == Place::kMessage && member_ == kSequence) {
      unused_.sequence = number;
      return true;
    }
    if (place_ == Place::kBlock && member_ == kBytesTotal) {
      document_.bytes_total = number;
      return true;
    }
    return misplaced("a number");
  }

  bool null() override {
    return (place_ == Place::kMessage && member_ == kHeaders) || misplaced("null");
  }
  bool boolean(bool /*value*/) override { return misplaced("a boolean"); }
  bool binary(Json::binary_t& /*value*/) override { return misplaced("bytes"); }
  bool number_integer(std::int64_t /*number*/) override { return misplaced("a negative number"); }
  bool number_float(double /*number*/, const std::string& /*text*/) override {
    return misplaced("a number that isn't whole");
  }
  bool parse_error(std::size_t position, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    place_ = Place::kOutside;
    return stop(fmt::format("it isn't JSON, or is cut, at byte {}", position));
  }

 private:
  // From kMessage on: within a message.
  enum class Place {
    kOutside,
    kChunk,
    kHashBytes,
    kBlock,
    kMessages,
    kMessage,
    kPayload,
    kHeaders,
    kValues
  };
  enum Member : unsigned {
    kBlock = 1,
    kMagicNumber = 2,
    kVersionText = 4,
    kHash = 8,  // of the chunk
    kMessages = 1,
    kTimestampMin = 2,
    kTimestampMax = 4,
    kBytesTotal = 8,  // of its block
    kSubject = 1,
    kPayload = 2,
    kHeaders = 4,
    kLength = 8,
    kTimestamp = 16,
    kSequence = 32,  // of a message
  };
  struct KnownKey {
    std::size_t level;  // 0: the chunk, 1: its block, 2: a message
    std::string_view name;
    Member member;
  };
  static constexpr std::array<KnownKey, 14> kKeys{{{0, "block", kBlock},
                                                   {0, "magic_number", kMagicNumber},
                                                   {0, "version", kVersionText},
                                                   {0, "hash", kHash},
                                                   {1, "messages", kMessages},
                                                   {1, "timestamp_min", kTimestampMin},
                                                   {1, "timestamp_max", kTimestampMax},
                                                   {1, "bytes_total", kBytesTotal},
                                                   {2, "subject", kSubject},
                                                   {2, "payload", kPayload},
                                                   {2, "headers", kHeaders},
                                                   {2, "length", kLength},
                                                   {2, "timestamp", kTimestamp},
                                                   {2, "sequence", kSequence}}};
  static constexpr std::array<unsigned, 3> kAllMembers{15, 15, 63};

  bool stop(std::string flaw) {
    flaw_ = std::move(flaw);
    return false;
  }

  bool misplaced(std::string_view what) {
    return stop(fmt::format("{} stands where none belongs", what));
  }

  bool enter(Place place, std::size_t level) {
    place_ = place;
    seen_.at(level) = 0;
    return true;
  }

  bool read_time(const std::string& text, Timestamp& into) {
    const auto time = parse_time(text);
    into = time.value_or(Timestamp{});
    return time.has_value() || stop("a timestamp is no time");
  }

  bool add_byte(std::uint64_t number) {
    if (number > 255) {
      return stop("a byte is above 255");
    }
    if (place_ == Place::kPayload) {
      arena_.add(static_cast<char>(number));
    } else {
      document_.hash += static_cast<char>(number);
    }
    return true;
  }

  bool add_header_value(const std::string& text) {
    if (document_.chunk.fields.size() == kMaxV1Fields) {
      return stop("the chunk has more headers than can be");
    }
    document_.chunk.fields.push_back({header_name_, arena_.copy(text)});
    return true;
  }

  // Brings the headers of the message into the order that the hash is made over.
  bool sort_fields() {
    std::vector<HeaderField>& fields = document_.chunk.fields;
    const std::size_t begin = document_.header_ends.empty() ? 0 : document_.header_ends.back();
    std::ranges::stable_sort(fields.begin() + static_cast<std::ptrdiff_t>(begin), fields.end(), {},
                             &HeaderField::name);
    std::ranges::sort(names_);
    const bool repeated = std::ranges::adjacent_find(names_) != names_.end();
    names_.clear();
    return !repeated || stop("a header name comes twice");
  }

  Arena arena_;
  Document document_;
  std::string flaw_ = "it isn't JSON";

  Place place_ = Place::kOutside;
  unsigned member_ = 0;
  std::array<unsigned, 3> seen_{};  // members, by level
  Message message_;
  Unused unused_;
  std::string_view header_name_;
  std::vector<std::string_view> names_;  // of the message's headers
  std::size_t values_begin_ = 0;
};

}  // namespace

Result<V1Chunk> decode_json(const std::string& bytes) {
  // nlohmann's parser would take it for the end, and ignore what follows.
  if (bytes.find('\0') != bytes.npos) {
    return corrupt("it isn't JSON: it has a zero byte");
  }
  DocumentHandler handler(bytes.size());
  if (!Json::sax_parse(bytes, &handler)) {
    return corrupt(handler.flaw());
  }
  Document document = handler.release();
  connect(document.chunk, document.header_ends);
  if (auto checked =
          check_envelope(document.magic, document.version, document.hash, block_hash(document));
      !checked) {
    return fail(checked.error());
  }
  return std::move(document.chunk);
}

}  // namespace nats3::archive::v1
