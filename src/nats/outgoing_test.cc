#include "nats/outgoing.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "nats/headers.h"
#include "nats/libnats/message.h"
#include "nats/wire/operation_reader.h"

namespace nats3::nats {
namespace {

using archive::HeaderField;
using namespace std::string_view_literals;

std::string bytes_of(const OutgoingMessage& message, std::string_view reply) {
  std::string bytes = "before";
  const auto appended = append_publish(message, reply, bytes);
  EXPECT_TRUE(appended) << appended.error().message;
  EXPECT_TRUE(bytes.starts_with("before"));
  return bytes.substr(6);
}

TEST(OutgoingTest, APublishWithoutHeadersIsAPub) {
  EXPECT_EQ(bytes_of({"a.b", {}, "hello"}, ""), "PUB a.b 5\r\nhello\r\n");
  EXPECT_EQ(bytes_of({"a.b", {}, "hello"}, "_INBOX.x.7"), "PUB a.b _INBOX.x.7 5\r\nhello\r\n");
  EXPECT_EQ(bytes_of({"a", {}, ""}, ""), "PUB a 0\r\n\r\n");
  EXPECT_EQ(bytes_of({"a", {}, "\r\n\0PUB b 1\r\n"sv}, ""), "PUB a 12\r\n\r\n\0PUB b 1\r\n\r\n"sv);
}

TEST(OutgoingTest, APublishWithHeadersIsAnHpub) {
  const std::vector<HeaderField> headers{{"A", "b"}, {"Nats-Msg-Id", " x "}, {"A", ""}};
  const std::string block = "NATS/1.0\r\nA: b\r\nNats-Msg-Id:  x \r\nA: \r\n\r\n";
  ASSERT_EQ(block.size(), 41U);
  EXPECT_EQ(bytes_of({"a.b", headers, "hello"}, ""), "HPUB a.b 41 46\r\n" + block + "hello\r\n");
  EXPECT_EQ(bytes_of({"a.b", headers, ""}, "r"), "HPUB a.b r 41 41\r\n" + block + "\r\n");
}

TEST(OutgoingTest, AFoldedValueStaysFolded) {
  const std::vector<HeaderField> headers{{"A", "b\r\n c\r\n\td"}};
  EXPECT_EQ(bytes_of({"a", headers, "x"}, ""),
            "HPUB a 26 27\r\nNATS/1.0\r\nA: b\r\n c\r\n\td\r\n\r\nx\r\n");
}

TEST(OutgoingTest, WireSizeIsWhatTheLineAnnounces) {
  const std::vector<HeaderField> headers{{"A", "b"}, {"C", ""}};
  const std::string payload(1'048'576, 'x');
  EXPECT_EQ(wire_size({"a", headers, payload}), 12U + 6 + 5 + 1'048'576);
  EXPECT_THAT(bytes_of({"a", headers, payload}, ""),
              ::testing::StartsWith("HPUB a 23 1048599\r\nNATS/1.0\r\n"));
  EXPECT_EQ(wire_size({"a", {}, payload}), payload.size());
}

// Both ways to send refuse the same, and nothing of it is appended.
void expect_refused(const OutgoingMessage& message) {
  std::string bytes = "before";
  const auto appended = append_publish(message, "r", bytes);
  ASSERT_FALSE(appended) << message.subject;
  EXPECT_EQ(appended.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(bytes, "before");
  const auto encoded = encode(message, "r");
  ASSERT_FALSE(encoded) << message.subject;
  EXPECT_EQ(encoded.error().code, ErrorCode::kInvalid);
}

TEST(OutgoingTest, SubjectsThatCannotBePublishedToAreRefused) {
  for (const std::string_view subject :
       {""sv, " "sv, "a b"sv, "a\tb"sv, "a\r\nPUB b 1\r\nx"sv, "a\rb"sv, "a\nb"sv, "a\0b"sv, "*"sv,
        ">"sv, "a.*"sv, "*.a"sv, "a.*.b"sv, "a.>"sv, ".a"sv, "a."sv, "a..b"sv, "."sv}) {
    expect_refused({subject, {}, "x"});
  }
}

TEST(OutgoingTest, SubjectsThatOnlyAServerTakesAreSent) {
  for (const std::string_view subject : {"a*b"sv, "a.>b"sv, "a.\x01"sv, "\x7f"sv, "a.\xff\xfe"sv}) {
    EXPECT_EQ(bytes_of({subject, {}, "x"}, ""), fmt::format("PUB {} 1\r\nx\r\n", subject));
  }
}

TEST(OutgoingTest, HeadersThatWouldBeReadAsSeveralAreRefused) {
  for (const HeaderField field : std::initializer_list<HeaderField>{{"A:B", "x"},
                                                                    {"A\r\nB", "x"},
                                                                    {" A", "x"},
                                                                    {"\tA", "x"},
                                                                    {"A", "x\r\ny"},
                                                                    {"A", "x\r\n"},
                                                                    {"A", "\r\n\r\n x"},
                                                                    {"A", "x\r\n\r\n\ty"}}) {
    const std::vector<HeaderField> headers{{"Good", "x"}, field, {"Good", "y"}};
    expect_refused({"a", headers, "x"});
  }
}

TEST(OutgoingTest, HeadersThatOnlyLibnatsWouldAlterAreSentByUs) {
  for (const HeaderField field : std::initializer_list<HeaderField>{{"", "x"},
                                                                    {"A\r", "x"},
                                                                    {"A\n", "x"},
                                                                    {"A\0"sv, "x"},
                                                                    {"A", "x\ry"},
                                                                    {"A", "x\ny"},
                                                                    {"A", "x\0y"sv},
                                                                    {"A", "x\n y"}}) {
    const std::vector<HeaderField> headers{field};
    EXPECT_EQ(encode({"a", headers, "x"}, "r").error().code, ErrorCode::kInvalid);
    EXPECT_THAT(bytes_of({"a", headers, ""}, ""),
                ::testing::EndsWith(
                    fmt::format("NATS/1.0\r\n{}: {}\r\n\r\n\r\n", field.name, field.value)));
  }
}

struct Plain {
  std::string subject;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string payload;
  std::string reply;
};

std::vector<HeaderField> views(const Plain& message) {
  std::vector<HeaderField> fields;
  for (const auto& [name, value] : message.headers) {
    fields.push_back({name, value});
  }
  return fields;
}

rc::Gen<std::string> names() {
  return rc::gen::weightedOneOf<std::string>(
      {{8, rc::gen::element<std::string>("A", "b", "Nats-Msg-Id", "NATS/1.0", "a b ", "é", "\1")},
       {1, rc::gen::arbitrary<std::string>()}});
}

rc::Gen<std::string> values() {
  return rc::gen::weightedOneOf<std::string>(
      {{4, rc::gen::container<std::string>(rc::gen::element('a', ' ', '\t', ':', '\1', '\xff'))},
       {4, rc::gen::element<std::string>("", "x", " x ", "x\r\n y", "\r\n \r\n\t", "\r\n \n")},
       {1, rc::gen::arbitrary<std::string>()}});
}

rc::Gen<Plain> plain_messages() {
  return rc::gen::build<Plain>(
      rc::gen::set(&Plain::subject, rc::gen::weightedOneOf<std::string>(
                                        {{9, rc::gen::element<std::string>("a", "ORDERS.new", "é")},
                                         {1, rc::gen::arbitrary<std::string>()}})),
      rc::gen::set(&Plain::headers,
                   rc::gen::container<std::vector<std::pair<std::string, std::string>>>(
                       *rc::gen::inRange<std::size_t>(0, 5), rc::gen::pair(names(), values()))),
      rc::gen::set(&Plain::payload),
      rc::gen::set(&Plain::reply, rc::gen::element<std::string>("", "_INBOX.x.1")));
}

// What a server makes of it for a subscriber: another word, and a subscription's number.
std::string as_delivered(const std::string& bytes, const Plain& message) {
  const bool has_headers = bytes.starts_with("H");
  const std::size_t words = (has_headers ? "HPUB "sv : "PUB "sv).size() + message.subject.size();
  return fmt::format("{} {} 1{}", has_headers ? "HMSG" : "MSG", message.subject,
                     bytes.substr(words));
}

void expect_same(const Plain& message, const std::string& bytes) {
  OperationReader reader;
  const std::string delivered = as_delivered(bytes, message);
  const std::span<char> space = reader.space();
  RC_ASSERT(delivered.size() <= space.size());
  std::ranges::copy(delivered, space.begin());
  reader.received(delivered.size());
  const auto operation = reader.next();
  RC_ASSERT((operation.has_value() && operation->has_value()));
  const MessageView& view = (*operation)->message;
  RC_ASSERT(view.subject == message.subject);
  RC_ASSERT(view.reply == message.reply);
  RC_ASSERT(view.payload == message.payload);
  std::vector<HeaderField> expected = views(message);
  archive::sort_headers(expected);
  std::vector<HeaderField> fields;
  if (!message.headers.empty()) {
    RC_ASSERT(parse_header_block(view.headers, fields).has_value());
  }
  RC_ASSERT(fields == expected);
  RC_ASSERT(wire_size({message.subject, expected, message.payload}) ==
            view.headers.size() + view.payload.size());
  RC_ASSERT(!reader.next()->has_value());
}

TEST(OutgoingProperty, WhatIsSentIsReadBackAsTheSameMessageOrRefused) {
  int sent = 0;
  EXPECT_TRUE(rc::check([&] {
    const Plain message = *plain_messages();
    const std::vector<HeaderField> headers = views(message);
    std::string bytes;
    if (append_publish({message.subject, headers, message.payload}, message.reply, bytes)) {
      expect_same(message, bytes);
      ++sent;
    } else {
      RC_ASSERT(bytes.empty());
    }
  }));
  EXPECT_GT(sent, 20);
}

}  // namespace
}  // namespace nats3::nats
