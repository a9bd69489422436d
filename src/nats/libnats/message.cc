#include "nats/libnats/message.h"

#include <fmt/format.h>

#include "nats/libnats/status.h"
#include "nats/outgoing.h"

namespace nats3::nats {
namespace {

using namespace std::string_view_literals;

constexpr std::ptrdiff_t kLongestBlock = 64 << 20;

std::string_view subject_of(const natsMsg& message) { return natsMsg_GetSubject(&message); }

std::string_view reply_of(const natsMsg& message) {
  const char* reply = natsMsg_GetReply(&message);
  return reply == nullptr ? std::string_view{} : std::string_view{reply};
}

std::string_view payload_of(const natsMsg& message) {
  return {natsMsg_GetData(&message), static_cast<std::size_t>(natsMsg_GetDataLength(&message))};
}

// As the message came, even if it isn't one: natsMsgHeader_* would alter it.
Result<std::string_view> header_block(const natsMsg& message) {
  // One allocation holds: subject NUL [reply NUL] [headers NUL] payload.
  const std::string_view subject = subject_of(message);
  const std::string_view reply = reply_of(message);
  const std::string_view before = reply.data() == nullptr ? subject : reply;
  const char* begin = before.data() + before.size() + 1;
  const std::ptrdiff_t gap = natsMsg_GetData(&message) - begin;
  if (gap == 0) {
    return std::string_view{};
  }
  if (gap > 0 && gap <= kLongestBlock && begin[gap - 1] == '\0') {
    return std::string_view(begin, static_cast<std::size_t>(gap) - 1);
  }
  return fail(ErrorCode::kInternal,
              std::string("this libnats (") + nats_GetVersion() +
                  ") lays messages out in memory in a way nats3 doesn't know: use 3.4 to 3.14");
}

bool keeps_name(std::string_view name) {
  return !name.empty() && name.find_first_of("\r\n\0"sv) == name.npos;
}

// libnats ends a value at a zero and turns line breaks into spaces, which only means the same where
// a line was folded.
bool keeps_value(std::string_view value) {
  for (std::size_t at = value.find_first_of("\r\n\0"sv); at != value.npos;
       at = value.find_first_of("\r\n\0"sv, at)) {
    if (!value.substr(at).starts_with("\r\n")) {
      return false;
    }
    at += 2;  // and a blank, since it is carried
  }
  return true;
}

// libnats sends fields in an order of its own, and nats-server ignores one whose name comes up
// before it, in another field: an id then guards against nothing.
Result<void> check_heard(std::span<const archive::HeaderField> fields) {
  for (const auto& field : fields) {
    if (!field.name.starts_with("Nats-Msg-Id") && !field.name.starts_with("Nats-Expected-")) {
      continue;
    }
    const auto mentions = [&](std::string_view text) {
      return text.find(field.name) != std::string_view::npos;
    };
    for (const auto& other : fields) {
      if ((other.name != field.name && mentions(other.name)) || mentions(other.value)) {
        return fail(ErrorCode::kInvalid,
                    fmt::format("header \"{}\" can't be sent with {}, which it mentions: libnats "
                                "sends headers in no order (as it has to where TLS is on), and "
                                "nats-server would ignore the latter",
                                other.name.substr(0, 100), field.name));
      }
    }
  }
  return {};
}

}  // namespace

Result<MessageView> view_of(const natsMsg& message) {
  return header_block(message).map([&](std::string_view block) {
    return MessageView{.subscription = 0,
                       .subject = subject_of(message),
                       .reply = reply_of(message),
                       .headers = block,
                       .payload = payload_of(message)};
  });
}

Result<EncodedMessage> encode(const OutgoingMessage& message, const std::string& reply) {
  if (auto carried = check_carried(message); !carried) {
    return fail(carried.error());
  }
  EncodedMessage encoded;
  std::size_t text_size = message.subject.size() + 1;
  for (const auto& field : message.headers) {
    if (!keeps_name(field.name) || !keeps_value(field.value)) {
      return fail(
          ErrorCode::kInvalid,
          fmt::format("header \"{}\" can't be sent: its name is empty, or a line break or "
                      "zero byte is in it, which libnats can't send (as it has to where TLS "
                      "is on)",
                      field.name.substr(0, 100)));
    }
    text_size += field.name.size() + field.value.size() + 2;
  }
  if (auto heard = check_heard(message.headers); !heard) {
    return fail(heard.error());
  }
  encoded.text.reserve(text_size);  // so that what is in it doesn't move
  const auto zero_ended = [&text = encoded.text](std::string_view view) {
    const std::size_t at = text.size();
    text.append(view).push_back('\0');
    return text.data() + at;
  };
  natsMsg* raw = nullptr;
  // No connection may have done it: messages need it to be freed.
  natsStatus status = nats_Open(-1);
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
