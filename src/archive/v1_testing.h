// For tests only: version-1 chunks as nats-s3-connector wrote them. tests/golden/v1 has two of its
// own, which this reproduces to the byte.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "archive/text.h"
#include "archive/v1_chunk.h"
#include "archive/wire.h"
#include "base/digest.h"
#include "base/time_text.h"

namespace nats3::archive::testing {

using V1Headers = std::map<std::string, std::vector<std::string>>;

struct V1TestMessage {
  std::string subject;
  std::string payload;
  std::optional<V1Headers> headers;
  std::string timestamp;
  std::uint64_t length = 0;
};

using V1TestMessages = std::vector<V1TestMessage>;

inline void put_v1(std::string& out, std::string_view bytes) {
  put_fixed<std::uint64_t>(out, bytes.size());
  out += bytes;
}

inline std::string v1_time_min(const V1TestMessages& messages) {
  return std::ranges::min(messages, {}, [](const auto& m) { return *parse_time(m.timestamp); })
      .timestamp;
}
inline std::string v1_time_max(const V1TestMessages& messages) {
  return std::ranges::max(messages, {}, [](const auto& m) { return *parse_time(m.timestamp); })
      .timestamp;
}
inline std::uint64_t v1_bytes_total(const V1TestMessages& messages) {
  std::uint64_t total = 0;
  for (const auto& message : messages) {
    total += message.length;
  }
  return total;
}

inline std::string v1_binary_block(const V1TestMessages& messages) {
  std::string out;
  put_fixed<std::uint64_t>(out, messages.size());
  for (const auto& message : messages) {
    put_v1(out, message.subject);
    put_v1(out, message.payload);
    out += message.headers ? '\1' : '\0';
    if (message.headers) {
      put_fixed<std::uint64_t>(out, message.headers->size());
      for (const auto& [name, values] : *message.headers) {
        put_v1(out, name);
        put_fixed<std::uint64_t>(out, values.size());
        for (const auto& value : values) {
          put_v1(out, value);
        }
      }
    }
    put_fixed<std::uint64_t>(out, message.length);
    put_v1(out, message.timestamp);
    put_fixed<std::uint64_t>(out, 0);
  }
  put_v1(out, v1_time_min(messages));
  put_v1(out, v1_time_max(messages));
  put_fixed<std::uint64_t>(out, v1_bytes_total(messages));
  return out;
}

inline std::string v1_json_bytes(std::string_view bytes) {
  std::string out = "[";
  for (const char byte : bytes) {
    out += (out.size() > 1 ? "," : "") + std::to_string(static_cast<unsigned char>(byte));
  }
  return out + ']';
}

inline std::string v1_json_headers(const std::optional<V1Headers>& headers) {
  if (!headers) {
    return "null";
  }
  std::string out = "{";
  for (const auto& [name, values] : *headers) {
    out += out.size() > 1 ? "," : "";
    append_json_string(out, name);
    out += ":[";
    for (const auto& value : values) {
      out += out.back() == '[' ? "" : ",";
      append_json_string(out, value);
    }
    out += ']';
  }
  return out + '}';
}

inline std::string v1_json_block(const V1TestMessages& messages) {
  std::string out = R"({"messages":[)";
  for (const auto& message : messages) {
    out += out.back() == '[' ? R"({"subject":)" : R"(,{"subject":)";
    append_json_string(out, message.subject);
    out += R"(,"payload":)" + v1_json_bytes(message.payload);
    out += R"(,"headers":)" + v1_json_headers(message.headers);
    out += R"(,"length":)" + std::to_string(message.length);
    out += R"(,"timestamp":")" + message.timestamp + R"(","sequence":0})";
  }
  return out + R"(],"timestamp_min":")" + v1_time_min(messages) + R"(","timestamp_max":")" +
         v1_time_max(messages) + R"(","bytes_total":)" + std::to_string(v1_bytes_total(messages)) +
         '}';
}

// `messages` isn't empty.
inline std::string encode_v1(V1Codec codec, const V1TestMessages& messages,
                             const std::string& magic = "NATS3",
                             const std::string& version = "1.0") {
  std::string block = v1_binary_block(messages);
  const Sha256Digest digest = sha256(block);
  if (codec == V1Codec::kJson) {
    return R"({"block":)" + v1_json_block(messages) + R"(,"magic_number":")" + magic +
           R"(","version":")" + version + R"(","hash":)" + v1_json_bytes(as_view(digest)) + '}';
  }
  put_v1(block, magic);
  put_v1(block, version);
  put_v1(block, as_view(digest));
  return block;
}

// The file name that the connector gave it.
inline std::string v1_name(V1Codec codec, const V1TestMessages& messages) {
  const auto since = parse_time(v1_time_min(messages))->time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since).count();
  return to_string(V1ChunkName{static_cast<std::uint64_t>(seconds), messages.size(), codec});
}

}  // namespace nats3::archive::testing
