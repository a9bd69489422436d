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

class JsonEncoder final : public RecordEncoder {
 public:
  void add(const Message& message, StringPool::Id /*subject*/) override {
    content_ += R"({"seq":)";
    char digits[20];
    const auto end = std::to_chars(digits, digits + sizeof(digits), message.sequence).ptr;
    content_.append(digits, end);
    content_ += R"(,"time":")";
    content_ += format_time(message.time);
    content_ += '"';
    put_member("subject", message.subject);
    if (!message.headers.empty()) {
      put_headers(message.headers);
    }
    put_member("data", message.payload);
    content_ += "}\n";
  }

  [[nodiscard]] std::size_t size() const override { return content_.size(); }
  std::string take(std::string spare) override {
    spare.clear();
    return std::exchange(content_, std::move(spare));
  }

 private:
  enum class Form { kText, kBase64 };

  void put_member(std::string_view key, std::string_view bytes) {
    const Form form = goes_as_text(bytes) ? Form::kText : Form::kBase64;
    put_key(key, form);
    put_string(bytes, form);
  }

  void put_headers(std::span<const HeaderField> headers) {
    const Form form = goes_as_text(headers) ? Form::kText : Form::kBase64;
    put_key("headers", form);
    content_ += '{';
    for (std::size_t i = 0; i < headers.size(); ++i) {
      const bool continues = i > 0 && headers[i].name == headers[i - 1].name;
      if (!continues) {
        content_ += i > 0 ? "]," : "";
        put_string(headers[i].name, form);
        content_ += ":[";
      } else {
        content_ += ',';
      }
      put_string(headers[i].value, form);
    }
    content_ += "]}";
  }

  void put_key(std::string_view key, Form form) {
    content_ += ",\"";
    content_ += key;
    content_ += form == Form::kText ? "\":" : "_base64\":";
  }

  void put_string(std::string_view bytes, Form form) {
    if (form == Form::kText) {
      append_json_string(content_, bytes);
    } else {
      content_ += '"';
      content_ += to_base64(bytes);
      content_ += '"';
    }
  }

  std::string content_;
};

}  // namespace

std::unique_ptr<RecordEncoder> make_json_encoder() { return std::make_unique<JsonEncoder>(); }

}  // namespace nats3::archive
