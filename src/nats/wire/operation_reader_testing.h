// What tests of an OperationReader read with it, in pieces of their choice.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nats/wire/operation_reader.h"

namespace nats3::nats {

using Kind = Operation::Kind;

// An operation with its own memory, comparable and printable.
struct Read {
  Kind kind = Kind::kOk;
  std::string text;
  std::string subject;
  std::string reply;
  std::string headers;
  std::string payload;
  bool operator==(const Read&) const = default;
};

// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest looks for this name.
inline void PrintTo(const Read& read, std::ostream* out) {
  *out << fmt::format("{} \"{}\" {} {} \"{}\" \"{}\"", static_cast<int>(read.kind), read.text,
                      read.subject, read.reply, read.headers.substr(0, 100),
                      read.payload.substr(0, 100));
}

inline Read message(std::string subject, std::string reply, std::string headers,
                    std::string payload) {
  return {.kind = Kind::kMessage,
          .text = {},
          .subject = std::move(subject),
          .reply = std::move(reply),
          .headers = std::move(headers),
          .payload = std::move(payload)};
}

inline Read other(Kind kind, std::string text = {}) {
  return {.kind = kind,
          .text = std::move(text),
          .subject = {},
          .reply = {},
          .headers = {},
          .payload = {}};
}

inline Read copy(const Operation& operation) {
  return {.kind = operation.kind,
          .text = std::string(operation.text),
          .subject = std::string(operation.message.subject),
          .reply = std::string(operation.message.reply),
          .headers = std::string(operation.message.headers),
          .payload = std::string(operation.message.payload)};
}

// Puts as much of `bytes` there as one space() takes, and takes it off.
inline void feed(OperationReader& reader, std::string_view& bytes, std::size_t at_most) {
  const std::span<char> space = reader.space();
  ASSERT_FALSE(space.empty());
  const std::size_t count = std::min({space.size(), bytes.size(), at_most});
  std::ranges::copy(bytes.substr(0, count), space.begin());
  reader.received(count);
  bytes.remove_prefix(count);
}

// The operations in `bytes`, delivered `piece` bytes at a time; stops at the first error.
struct AllRead {
  std::vector<Read> operations;
  Error error{ErrorCode::kCancelled, ""};  // kCancelled: none
};

inline AllRead read_all(OperationReader& reader, std::string_view bytes,
                        std::size_t piece = std::string_view::npos) {
  AllRead all;
  while (!bytes.empty()) {
    feed(reader, bytes, piece);
    for (;;) {
      const auto operation = reader.next();
      if (!operation) {
        all.error = operation.error();
        return all;
      }
      if (!*operation) {
        break;
      }
      all.operations.push_back(copy(**operation));
    }
  }
  return all;
}

inline std::vector<Read> read(std::string_view bytes, std::size_t piece = std::string_view::npos) {
  OperationReader reader;
  AllRead all = read_all(reader, bytes, piece);
  EXPECT_EQ(all.error.code, ErrorCode::kCancelled) << all.error.message;
  return all.operations;
}

inline constexpr std::string_view kHeaders = "NATS/1.0\r\nA: b\r\n\r\n";

inline std::string hmsg(std::string_view arguments, std::string_view headers,
                        std::string_view payload) {
  return fmt::format("HMSG {} {} {}\r\n{}{}\r\n", arguments, headers.size(),
                     headers.size() + payload.size(), headers, payload);
}

}  // namespace nats3::nats
