// For tests only: messages that own their memory, and short ways to make and read chunks.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "archive/chunk_reader.h"
#include "archive/chunk_writer.h"
#include "archive/subject_summary.h"
#include "base/digest.h"

namespace nats3::archive::testing {

struct TestMessage {
  std::uint64_t sequence = 0;
  std::int64_t time = 0;  // ns since 1970
  std::string subject;
  std::vector<std::pair<std::string, std::string>> headers;  // in canonical order
  std::string payload;

  TestMessage() = default;
  TestMessage(std::uint64_t sequence_, std::int64_t time_, std::string subject_,
              std::string payload_, std::vector<std::pair<std::string, std::string>> headers_ = {})
      : sequence(sequence_),
        time(time_),
        subject(std::move(subject_)),
        headers(std::move(headers_)),
        payload(std::move(payload_)) {}
  explicit TestMessage(const Message& message)
      : sequence(message.sequence),
        time(message.time.time_since_epoch().count()),
        subject(message.subject),
        payload(message.payload) {
    for (const auto& [name, value] : message.headers) {
      headers.emplace_back(name, value);
    }
  }

  // Calls `use` with a Message that views this one.
  template <typename Use>
  auto view(Use use) const {
    std::vector<HeaderField> fields;
    for (const auto& [name, value] : headers) {
      fields.push_back({name, value});
    }
    return use(Message{.sequence = sequence,
                       .time = Timestamp{std::chrono::nanoseconds{time}},
                       .subject = subject,
                       .headers = fields,
                       .payload = payload});
  }

  bool operator==(const TestMessage&) const = default;
};

using TestMessages = std::vector<TestMessage>;

// GoogleTest and RapidCheck show a message by this.
inline std::ostream& operator<<(std::ostream& out, const TestMessage& message) {
  return out << "{seq " << message.sequence << ", time " << message.time << ", subject "
             << ::testing::PrintToString(message.subject) << ", headers "
             << ::testing::PrintToString(message.headers) << ", payload "
             << ::testing::PrintToString(message.payload) << "}";
}

inline ChunkOptions options_for(Encoding encoding) {
  return {.stream = "ORDERS",
          .epoch = "20261124T015425.123456789Z",
          .filter = "orders.>",
          .encoding = encoding};
}

inline Result<Chunk> try_encode(const ChunkOptions& options, const TestMessages& messages) {
  ChunkWriter writer(options);
  for (const TestMessage& message : messages) {
    auto added = message.view([&](const Message& view) { return writer.add(view); });
    if (!added) {
      return fail(added.error());
    }
  }
  return writer.finish();
}

// The bytes of a chunk that can be made.
inline std::string encode(const ChunkOptions& options, const TestMessages& messages) {
  auto chunk = try_encode(options, messages);
  if (!chunk) {
    throw std::runtime_error(chunk.error().message);
  }
  return std::move(chunk->bytes);
}

// More subjects than a footer lists, each with two messages far from each other.
inline TestMessages messages_of_many_subjects() {
  constexpr std::uint64_t kSubjects = 1'100;
  TestMessages messages;
  for (std::uint64_t i = 1; i <= 2 * kSubjects; ++i) {
    messages.emplace_back(i, static_cast<std::int64_t>(i), "s." + std::to_string(i % kSubjects),
                          "payload");
  }
  return messages;
}

// A chunk anew around an index that leaves out which subjects its frame number `frame` holds. Every
// hash of it holds. `bytes`: a chunk whose index has a filter that tells frames.
inline std::string hide_frame(std::string_view bytes, std::size_t frame) {
  DecodedChunk chunk = decode_chunk(bytes).value();
  std::map<std::string_view, std::uint32_t> places;
  std::vector<CountedSubject> subjects;
  std::set<std::pair<std::uint32_t, std::uint32_t>> pairs;
  for (std::uint32_t i = 0; i < chunk.frames.size(); ++i) {
    for (const Message& message : chunk.frames[i].messages()) {
      const auto [at, is_new] = places.try_emplace(message.subject, subjects.size());
      if (is_new) {
        subjects.push_back({message.subject, xxh3_64(message.subject), 1});
      }
      if (i != frame) {
        pairs.emplace(at->second, i);
      }
    }
  }
  std::vector<SubjectInFrame> left;
  for (const auto& [subject, number] : pairs) {
    left.push_back({subject, number});
  }
  chunk.index.subjects = summarise_subjects(std::move(subjects), left);
  EXPECT_TRUE(chunk.index.subjects.tells_frames());
  const FrameInfo& last = chunk.index.frames.back();
  const std::uint64_t end = last.offset + last.compressed_bytes;
  return std::string(bytes.substr(0, end)) + make_index(chunk.index, end);
}

inline TestMessages messages_of(const DecodedChunk& chunk) {
  TestMessages messages;
  for (const DecodedFrame& frame : chunk.frames) {
    for (const Message& message : frame.messages()) {
      messages.emplace_back(message);
    }
  }
  return messages;
}

}  // namespace nats3::archive::testing
