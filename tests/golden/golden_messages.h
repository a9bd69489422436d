// The messages in the golden chunks, and the options they were written with.
#pragma once

#include <string>
#include <vector>

#include "archive/archive_testing.h"

namespace nats3::golden {

using archive::Encoding;
using archive::testing::TestMessage;
using archive::testing::TestMessages;

inline constexpr std::int64_t kBegin = 1'795'485'265'123'456'789;  // 2026-11-24T01:54:25.123456789Z

// A few messages with something of everything: subjects that repeat, headers with several values, a
// gap in the sequence, a time that goes back, an empty payload, text, unicode and bytes.
inline TestMessages few_messages() {
  return {
      {41, kBegin, "orders.eu", R"({"id":1,"item":"tea"})"},
      {42, kBegin + 1'500, "orders.us", "two\nlines", {{"Nats-Msg-Id", "42"}}},
      {43, kBegin + 1'000, "orders.eu", "", {{"Trace", "a"}, {"Trace", "b"}, {"trace", "c"}}},
      {47, kBegin + 2'000'000'000, "orders.日本", "お茶"},
      {48, kBegin + 2'000'000'001, "orders.eu", std::string("\0\xff\x80", 3), {{"Raw", "\xfe"}}}};
}

// Two frames.
inline archive::ChunkOptions few_options(Encoding encoding) {
  return {.stream = "ORDERS",
          .epoch = "20261124T015425.123456789Z",
          .filter = "orders.>",
          .previous = 40,
          .encoding = encoding,
          .frame_bytes = encoding == Encoding::kBinary ? 128u : 360u};
}

// More subjects than a footer lists.
inline TestMessages many_messages() {
  TestMessages messages;
  for (std::uint64_t i = 1; i <= 1'100; ++i) {
    messages.emplace_back(i, kBegin + static_cast<std::int64_t>(i), "sensors." + std::to_string(i),
                          "on");
  }
  return messages;
}

inline archive::ChunkOptions many_options() {
  return {.stream = "SENSORS", .epoch = "20261124T015425.123456789Z-0002", .filter = "sensors.*"};
}

// As many subjects in several frames, so that the filter has which frame holds which.
inline archive::ChunkOptions frames_options() {
  archive::ChunkOptions options = many_options();
  options.frame_bytes = 16 << 10;
  return options;
}

inline TestMessages frames_messages() {
  TestMessages messages = many_messages();
  for (std::uint64_t i = 1; i <= 100; ++i) {  // some are in two of them
    messages.emplace_back(1'100 + i, kBegin + 1'100, "sensors." + std::to_string(7 * i), "off");
  }
  return messages;
}

}  // namespace nats3::golden
