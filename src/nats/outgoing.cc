#include "nats/outgoing.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/subject.h"
#include "nats/status.h"

namespace nats3::nats {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kFrame = "NATS/1.0\r\n\r\n"sv.size();
constexpr std::size_t kLineFrame = ": \r\n"sv.size();

Result<void> check_subject(std::string_view subject) {
  if (auto valid = check_subject_filter(subject); !valid) {
    return valid;
  }
  if (subject == ">" || subject == "*" || subject.ends_with(".>") || subject.starts_with("*.") ||
      subject.ends_with(".*") || subject.find(".*.") != subject.npos) {
    return fail(ErrorCode::kInvalid,
                fmt::format("\"{}\" has wildcards, so nothing can be published to it", subject));
  }
  return {};
}

// libnats ends a value at a zero and turns line breaks into spaces, which only means the same where
// a line was folded.
bool is_carried(std::string_view value) {
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool folds = value.substr(i).starts_with("\r\n") && i + 2 < value.size() &&
                       (value[i + 2] == ' ' || value[i + 2] == '\t');
    if (folds) {
      ++i;
    } else if (value[i] == '\r' || value[i] == '\n' || value[i] == '\0') {
      return false;
    }
  }
  return true;
}

Result<void> check_header(const archive::HeaderField& field) {
  const bool name_ok =
      !field.name.empty() && field.name.find_first_of("\r\n\0:"sv) == field.name.npos;
  if (!name_ok || !is_carried(field.value)) {
    return fail(ErrorCode::kInvalid,
                fmt::format("header \"{}\" can't be sent: its name is empty, or a line break or "
                            "zero byte is in it",
                            field.name.substr(0, 100)));
  }
  return {};
}

}  // namespace

std::size_t wire_size(const OutgoingMessage& message) {
  std::size_t size = message.payload.size() + (message.headers.empty() ? 0 : kFrame);
  for (const auto& field : message.headers) {
    size += field.name.size() + field.value.size() + kLineFrame;
  }
  return size;
}

Result<EncodedMessage> encode(const OutgoingMessage& message, const std::string& reply) {
  if (auto valid = check_subject(message.subject); !valid) {
    return fail(valid.error());
  }
  EncodedMessage encoded;
  std::size_t text_size = message.subject.size() + 1;
  for (const auto& field : message.headers) {
    if (auto valid = check_header(field); !valid) {
      return fail(valid.error());
    }
    text_size += field.name.size() + field.value.size() + 2;
  }
  encoded.text.reserve(text_size);  // so that what is in it doesn't move
  const auto zero_ended = [&text = encoded.text](std::string_view view) {
    const std::size_t at = text.size();
    text.append(view).push_back('\0');
    return text.data() + at;
  };
  natsMsg* raw = nullptr;
  natsStatus status =
      nats_Open(-1);  // no connection may have done it: messages need it to be freed
  if (status != NATS_OK) {
    return fail(ErrorCode::kInternal, fmt::format("libnats: {}", natsStatus_GetText(status)));
  }
  status =
      natsMsg_Create(&raw, zero_ended(message.subject), reply.empty() ? nullptr : reply.c_str(),
                     message.payload.data(), static_cast<int>(message.payload.size()));
  encoded.message.reset(raw);
  for (const auto& field : message.headers) {
    if (status == NATS_OK) {
      const char* name = zero_ended(field.name);
      status = natsMsgHeader_Add(raw, name, zero_ended(field.value));
    }
  }
  if (status != NATS_OK) {
    return fail(to_error(status, fmt::format("making a message to {}", message.subject)));
  }
  return encoded;
}

}  // namespace nats3::nats
