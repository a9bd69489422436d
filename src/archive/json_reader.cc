// JSON records, read: see json_writer.cc for their form. Strict: what the writer can't have made is
// refused, but for the order of keys and white space within a line.

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "archive/records.h"
#include "base/digest.h"
#include "base/time_text.h"

namespace nats3::archive {
namespace {

using Json = nlohmann::json;

// Strings of a frame, in one piece of memory. Decoded strings are never longer than the text they
// were decoded from, so the size of the content is enough for all of them.
class TextArena {
 public:
  explicit TextArena(std::size_t capacity)
      : memory_(std::make_unique_for_overwrite<char[]>(capacity)), next_(memory_.get()) {}

  std::string_view add(std::string_view text) {
    std::memcpy(next_, text.data(), text.size());
    const std::string_view copy(next_, text.size());
    next_ += text.size();
    return copy;
  }
  std::unique_ptr<char[]> release() { return std::move(memory_); }

 private:
  std::unique_ptr<char[]> memory_;
  char* next_;
};

// What nlohmann's parser tells of one line at a time. Every function returns whether to go on.
class RecordHandler final : public nlohmann::json_sax<Json> {
 public:
  explicit RecordHandler(std::size_t content_bytes) : arena_(content_bytes) {}

  // To be called before each line.
  void begin() {
    place_ = Place::kOutside;
    seen_ = 0;
    message_ = {};
    header_begin_ = fields_.size();
  }

  // To be called after each line that was parsed. Returns what is wrong, or null.
  const char* end() {
    constexpr unsigned kRequired = kSeq | kTime | kSubject | kData;
    if ((seen_ & kRequired) != kRequired) {
      return "it lacks one of seq, time, subject and data";
    }
    if (message_.sequence <= last_sequence_) {
      return "its seq isn't above the one before";
    }
    last_sequence_ = message_.sequence;
    messages_.push_back(message_);
    header_ends_.push_back(fields_.size());
    return nullptr;
  }

  [[nodiscard]] const char* flaw() const { return flaw_; }

  Records release() {
    Records records{std::move(messages_), std::move(fields_), arena_.release()};
    std::size_t begin = 0;
    for (std::size_t i = 0; i < header_ends_.size(); ++i) {
      records.messages[i].headers =
          std::span(records.fields).subspan(begin, header_ends_[i] - begin);
      begin = header_ends_[i];
    }
    return records;
  }

  bool start_object(std::size_t /*size*/) override {
    if (place_ == Place::kOutside) {
      place_ = Place::kRecord;
      return true;
    }
    if (place_ == Place::kRecord && member_ == kHeaders) {
      place_ = Place::kHeaders;
      return true;
    }
    return stop("an object stands where none belongs");
  }

  bool end_object() override {
    if (place_ == Place::kHeaders) {
      place_ = Place::kRecord;
      return fields_.size() > header_begin_ || stop("its headers are empty");
    }
    place_ = Place::kOutside;
    return true;
  }

  bool start_array(std::size_t /*size*/) override {
    if (place_ != Place::kHeaders) {
      return stop("an array stands where none belongs");
    }
    place_ = Place::kValues;
    values_begin_ = fields_.size();
    return true;
  }

  bool end_array() override {
    place_ = Place::kHeaders;
    return fields_.size() > values_begin_ || stop("a header has no values");
  }

  bool key(std::string& name) override {
    return place_ == Place::kRecord ? begin_member(name) : begin_header(name);
  }

  bool string(std::string& text) override {
    if (place_ == Place::kValues) {
      return add_header_value(text);
    }
    if (place_ == Place::kRecord && member_ == kTime) {
      const auto time = parse_time(text);
      // Of the forms that parse_time takes, only this one is written.
      if (!time || text.size() != 30 || text.back() != 'Z') {
        return stop("its time isn't like 2026-11-24T01:54:25.123456789Z");
      }
      message_.time = *time;
      return true;
    }
    if (place_ == Place::kRecord && member_ == kSubject) {
      return take(text, message_.subject);
    }
    if (place_ == Place::kRecord && member_ == kData) {
      return take(text, message_.payload);
    }
    return stop("a string stands where none belongs");
  }

  bool number_unsigned(std::uint64_t number) override {
    message_.sequence = number;
    return (place_ == Place::kRecord && member_ == kSeq) ||
           stop("a number stands where none belongs");
  }

  bool null() override { return stop("null belongs nowhere"); }
  bool boolean(bool /*value*/) override { return stop("a boolean belongs nowhere"); }
  bool binary(Json::binary_t& /*value*/) override { return stop("not JSON"); }
  bool number_integer(std::int64_t /*number*/) override { return stop("its seq is negative"); }
  bool number_float(double /*number*/, const std::string& /*text*/) override {
    return stop("its seq isn't a whole number");
  }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return stop("not JSON");
  }

 private:
  enum class Place { kOutside, kRecord, kHeaders, kValues };
  enum Member : unsigned { kSeq = 1, kTime = 2, kSubject = 4, kHeaders = 8, kData = 16 };

  bool stop(const char* flaw) {
    flaw_ = flaw;
    return false;
  }

  bool begin_member(std::string_view name) {
    constexpr std::string_view kSuffix = "_base64";
    is_base64_ = name.ends_with(kSuffix);
    const std::string_view stem = name.substr(0, name.size() - (is_base64_ ? kSuffix.size() : 0));
    if (stem == "subject") {
      member_ = kSubject;
    } else if (stem == "headers") {
      member_ = kHeaders;
    } else if (stem == "data") {
      member_ = kData;
    } else if (name == "seq") {
      member_ = kSeq;
    } else if (name == "time") {
      member_ = kTime;
    } else {
      return stop("it has a key that belongs to no record");
    }
    const bool repeated = (seen_ & member_) != 0;
    seen_ |= member_;
    return !repeated || stop("it says the same thing twice");
  }

  bool begin_header(const std::string& name) {
    std::string_view text;
    if (!take(name, text)) {
      return false;
    }
    if (fields_.size() > header_begin_ && text <= fields_.back().name) {
      return stop("its headers aren't sorted by name");
    }
    header_name_ = text;
    return true;
  }

  bool add_header_value(const std::string& text) {
    if (fields_.size() == kMaxFrameFields) {
      return stop("the frame has more header fields than can be");
    }
    HeaderField field{header_name_, {}};
    if (!take(text, field.value)) {
      return false;
    }
    fields_.push_back(field);
    return true;
  }

  bool take(const std::string& text, std::string_view& into) {
    if (!is_base64_) {
      into = arena_.add(text);
      return true;
    }
    const auto bytes = from_base64(text);
    if (!bytes) {
      return stop("a string isn't base64 and should be");
    }
    into = arena_.add(*bytes);
    return true;
  }

  TextArena arena_;
  std::vector<Message> messages_;
  std::vector<HeaderField> fields_;
  std::vector<std::size_t> header_ends_;  // in fields, by message
  std::uint64_t last_sequence_ = 0;

  // Of the line being read.
  Place place_ = Place::kOutside;
  Member member_ = kSeq;
  unsigned seen_ = 0;
  bool is_base64_ = false;
  std::size_t header_begin_ = 0;
  std::size_t values_begin_ = 0;
  std::string_view header_name_;
  Message message_;
  const char* flaw_ = "not JSON";
};

tl::unexpected<Error> corrupt(std::size_t line, std::string_view why) {
  return fail(ErrorCode::kCorrupt, fmt::format("JSON records: line {}: {}", line, why));
}

}  // namespace

Result<Records> decode_json_records(std::string_view content) {
  if (content.find('\0') != content.npos) {  // to Json::sax_parse, the end
    return fail(ErrorCode::kCorrupt, "JSON records: there is a zero byte");
  }
  RecordHandler handler(content.size());
  std::size_t line = 1;
  for (std::string_view rest = content; !rest.empty(); ++line) {
    const std::size_t end = rest.find('\n');
    if (end == rest.npos || line > kMaxFrameMessages) {
      return corrupt(line, end == rest.npos ? "it has no end" : "there are more than can be");
    }
    handler.begin();
    if (!Json::sax_parse(rest.substr(0, end), &handler)) {
      return corrupt(line, handler.flaw());
    }
    if (const char* flaw = handler.end(); flaw != nullptr) {
      return corrupt(line, flaw);
    }
    rest.remove_prefix(end + 1);
  }
  if (line == 1) {
    return fail(ErrorCode::kCorrupt, "JSON records: there is none");
  }
  return handler.release();
}

Result<Records> decode_records(Encoding encoding, std::string_view content) {
  return encoding == Encoding::kBinary ? decode_binary_records(content)
                                       : decode_json_records(content);
}

}  // namespace nats3::archive
