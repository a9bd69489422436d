// JSON records, written: one object a line, its keys in this order:
//   {"seq":1,"time":"2026-11-24T01:54:25.123456789Z","subject":"a.b",
//    "headers":{"Name":["first","second"]},"data":"..."}
// Strings that JSON can't hold as they are go in base64, under subject_base64, headers_base64
// (names and values) or data_base64.

#include <algorithm>
#include <charconv>
#include <utility>

#include "archive/records.h"
#include "archive/text.h"
#include "base/digest.h"
#include "base/time_text.h"

namespace nats3::archive {
namespace {

// An escape makes up to six bytes of one. Text is written as text all the same, which is what
// people want to read, up to this size; beyond it, only while base64 isn't shorter. So a record's
// size is bounded.
constexpr std::size_t kFreeEscapes = std::size_t{1} << 20;

bool worth_escaping(std::size_t escaped_bytes, std::size_t bytes) {
  return escaped_bytes <= std::max(kFreeEscapes, bytes / 3 * 4);
}

bool goes_as_text(std::string_view bytes) {
  return is_utf8(bytes) && (bytes.size() <= kFreeEscapes / 6 ||
                            worth_escaping(json_escaped_size(bytes), bytes.size()));
}

bool goes_as_text(std::span<const HeaderField> headers) {
  std::size_t escaped_bytes = 0;
  std::size_t bytes = 0;
  for (const auto& [name, value] : headers) {
    if (!is_utf8(name) || !is_utf8(value)) {
      return false;
    }
    escaped_bytes += json_escaped_size(name) + json_escaped_size(value);
    bytes += name.size() + value.size();
  }
  return worth_escaping(escaped_bytes, bytes);
}

enum class Form { kText, kBase64 };

void put_string(std::string& record, std::string_view bytes, Form form) {
  if (form == Form::kText) {
    append_json_string(record, bytes);
  } else {
    record += '"';
    record += to_base64(bytes);
    record += '"';
  }
}

void put_key(std::string& record, std::string_view key, Form form) {
  record += ",\"";
  record += key;
  record += form == Form::kText ? "\":" : "_base64\":";
}

void put_member(std::string& record, std::string_view key, std::string_view bytes) {
  const Form form = goes_as_text(bytes) ? Form::kText : Form::kBase64;
  put_key(record, key, form);
  put_string(record, bytes, form);
}

void put_headers(std::string& record, std::span<const HeaderField> headers) {
  const Form form = goes_as_text(headers) ? Form::kText : Form::kBase64;
  put_key(record, "headers", form);
  record += '{';
  for (std::size_t i = 0; i < headers.size(); ++i) {
    const bool continues = i > 0 && headers[i].name == headers[i - 1].name;
    if (!continues) {
      record += i > 0 ? "]," : "";
      put_string(record, headers[i].name, form);
      record += ":[";
    } else {
      record += ',';
    }
    put_string(record, headers[i].value, form);
  }
  record += "]}";
}

class JsonEncoder final : public RecordEncoder {
 public:
  void add(const Message& message, StringPool::Id /*subject*/) override {
    content_ += '{';
    append_json_place(content_, message);
    append_json_content(content_, message);
    content_ += "}\n";
  }

  [[nodiscard]] std::size_t size() const override { return content_.size(); }
  std::string take(std::string spare) override {
    spare.clear();
    return std::exchange(content_, std::move(spare));
  }

 private:
  std::string content_;
};

}  // namespace

void append_json_place(std::string& record, const Message& message) {
  record += R"("seq":)";
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), message.sequence).ptr;
  record.append(digits, end);
  record += R"(,"time":")";
  record += format_time(message.time);
  record += '"';
}

void append_json_content(std::string& record, const Message& message) {
  put_member(record, "subject", message.subject);
  if (!message.headers.empty()) {
    put_headers(record, message.headers);
  }
  put_member(record, "data", message.payload);
}

std::unique_ptr<RecordEncoder> make_json_encoder() { return std::make_unique<JsonEncoder>(); }

}  // namespace nats3::archive
