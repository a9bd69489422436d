// Properties of chunks: whatever the messages, they come back; whatever happens to the bytes, other
// messages never do.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <optional>

#include "archive/archive_testing.h"

namespace nats3::archive {
namespace {

using testing::encode;
using testing::messages_of;
using testing::options_for;
using testing::TestMessage;
using testing::TestMessages;

// Bytes of every kind: any, text with escapes in it, unicode.
rc::Gen<std::string> any_bytes() {
  return rc::gen::oneOf(rc::gen::container<std::string>(rc::gen::arbitrary<char>()),
                        rc::gen::container<std::string>(rc::gen::inRange('\0', '\x7f')),
                        rc::gen::map(rc::gen::container<std::vector<std::string>>(
                                         rc::gen::elementOf(std::vector<std::string>{
                                             "\"", "\\", "/", "\n", "é", "漢", "😀", "\xe2\x80\xa8",
                                             "\x7f", "\xed\xa0\x80", "\xc0\x80", "a", " "})),
                                     [](const std::vector<std::string>& parts) {
                                       std::string text;
                                       for (const std::string& part : parts) {
                                         text += part;
                                       }
                                       return text;
                                     }));
}

// Names that repeat, also in other case, and odd ones.
rc::Gen<std::string> any_name() {
  return rc::gen::oneOf(rc::gen::elementOf(std::vector<std::string>{
                            "Key", "KEY", "key", "Nats-Msg-Id", "", "X y", "ключ"}),
                        any_bytes());
}

rc::Gen<std::string> any_subject() {
  return rc::gen::oneOf(rc::gen::elementOf(std::vector<std::string>{"orders.eu", "orders.us", "a",
                                                                    "заказ.новый", "$JS"}),
                        any_bytes());
}

rc::Gen<TestMessage> any_message() {
  return rc::gen::build<TestMessage>(
      rc::gen::set(&TestMessage::sequence, rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(1, 1'000),
                                                          rc::gen::arbitrary<std::uint64_t>())),
      rc::gen::set(&TestMessage::time, rc::gen::arbitrary<std::int64_t>()),
      rc::gen::set(&TestMessage::subject, any_subject()),
      rc::gen::set(&TestMessage::headers,
                   rc::gen::container<std::vector<std::pair<std::string, std::string>>>(
                       rc::gen::pair(any_name(), any_bytes()))),
      rc::gen::set(&TestMessage::payload, any_bytes()));
}

// Messages as a chunk takes them: by ascending sequence, headers in canonical order.
rc::Gen<TestMessages> any_messages() {
  return rc::gen::map(rc::gen::container<TestMessages>(any_message()), [](TestMessages messages) {
    std::map<std::uint64_t, TestMessage> by_sequence;
    for (TestMessage& message : messages) {
      message.sequence = std::max<std::uint64_t>(message.sequence, 1);
      std::ranges::stable_sort(message.headers, {}, [](const auto& field) { return field.first; });
      by_sequence.insert_or_assign(message.sequence, message);
    }
    by_sequence.try_emplace(7, TestMessage(7, 7, "never.empty", "7"));
    TestMessages sorted;
    for (auto& [sequence, message] : by_sequence) {
      sorted.push_back(std::move(message));
    }
    return sorted;
  });
}

rc::Gen<ChunkOptions> any_options() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::element(Encoding::kBinary, Encoding::kJson),
                     rc::gen::element<std::size_t>(1, 100, 1'000, 1 << 20), any_bytes()),
      [](const std::tuple<Encoding, std::size_t, std::string>& parts) {
        ChunkOptions options = options_for(std::get<0>(parts));
        options.frame_bytes = std::get<1>(parts);
        options.filter = std::get<2>(parts);
        return options;
      });
}

RC_GTEST_PROP(ChunkProperties, GiveBackAnyMessages, ()) {
  const auto messages = *any_messages();
  const auto options = *any_options();
  const std::string bytes = encode(options, messages);
  const auto chunk = decode_chunk(bytes);
  RC_ASSERT(chunk.has_value());
  RC_ASSERT(messages_of(*chunk) == messages);
  RC_ASSERT(chunk->index.header.filter == options.filter);
  for (const TestMessage& message : messages) {
    RC_ASSERT(message.subject.empty() || chunk->index.may_contain_subject(message.subject));
  }
}

// What a reader gets that fetches index and frames by range, without the SHA-256 of the whole.
std::optional<TestMessages> read_by_range(const std::string& bytes) {
  const auto index = ChunkIndex::parse(bytes, bytes.size());
  if (!index) {
    return std::nullopt;
  }
  TestMessages messages;
  for (std::size_t i = 0; i < index->frames.size(); ++i) {
    const FrameInfo& frame = index->frames[i];
    const auto decoded = decode_frame(
        *index, i, std::string_view(bytes).substr(frame.offset, frame.compressed_bytes));
    if (!decoded) {
      return std::nullopt;
    }
    for (const Message& message : decoded->messages()) {
      messages.emplace_back(message);
    }
  }
  return messages;
}

TestMessages a_few_messages() {
  return {{5, 1'000'000'007, "orders.eu", "hello"},
          {6, 1'000'000'006, "orders.us", "", {{"Nats-Msg-Id", "6"}, {"Trace", "a"}}},
          {9, 1'000'000'009, "orders.eu", std::string(200, 'x') + "\xff"}};
}

class DamageTest : public ::testing::TestWithParam<Encoding> {
 protected:
  DamageTest() {
    ChunkOptions options = options_for(GetParam());
    options.frame_bytes = 64;
    messages_ = a_few_messages();
    bytes_ = encode(options, messages_);
  }
  TestMessages messages_;
  std::string bytes_;
};

INSTANTIATE_TEST_SUITE_P(Encodings, DamageTest,
                         ::testing::Values(Encoding::kBinary, Encoding::kJson));

TEST_P(DamageTest, EveryChangedByteIsNoticed) {
  for (std::size_t at = 0; at < bytes_.size(); ++at) {
    for (const int flip : {1, 2, 4, 8, 16, 32, 64, 128, 255}) {
      std::string damaged = bytes_;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      ASSERT_FALSE(decode_chunk(damaged)) << "byte " << at << " changed by " << flip;
      const auto read = read_by_range(damaged);
      ASSERT_TRUE(!read || *read == messages_) << "byte " << at << " changed by " << flip;
    }
  }
}

TEST_P(DamageTest, EveryCutIsNoticed) {
  for (std::size_t size = 0; size < bytes_.size(); ++size) {
    ASSERT_FALSE(decode_chunk(bytes_.substr(0, size))) << size;
    ASSERT_FALSE(decode_chunk(bytes_.substr(bytes_.size() - size))) << size;
    ASSERT_FALSE(ChunkIndex::parse(bytes_.substr(0, size), size)) << size;
  }
}

TEST_P(DamageTest, BytesAtTheEndAreNoticed) {
  EXPECT_FALSE(decode_chunk(bytes_ + '\0'));
  EXPECT_FALSE(decode_chunk(bytes_ + bytes_));
}

TEST_P(DamageTest, AnObjectOfAnotherSizeIsNoticed) {
  EXPECT_FALSE(ChunkIndex::parse(bytes_, bytes_.size() + 1));
  EXPECT_FALSE(ChunkIndex::parse(bytes_, bytes_.size() - 1));
}

RC_GTEST_PROP(ChunkProperties, ManyChangesAreNoticed, ()) {
  const auto messages = *any_messages();
  std::string bytes = encode(*any_options(), messages);
  const std::string original = bytes;
  const auto changes = *rc::gen::nonEmpty<std::vector<std::pair<std::uint32_t, char>>>();
  for (const auto& [at, byte] : changes) {
    bytes[at % bytes.size()] = byte;
  }
  RC_PRE(bytes != original);
  RC_ASSERT(!decode_chunk(bytes));
  const auto read = read_by_range(bytes);
  const bool right = !read || *read == messages;  // RC_ASSERT would evaluate both sides
  RC_ASSERT(right);
}

}  // namespace
}  // namespace nats3::archive
