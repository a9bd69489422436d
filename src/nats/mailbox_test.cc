#include "nats/mailbox.h"

#include <gtest/gtest.h>

namespace nats3::nats {
namespace {

MessageView message(std::string_view payload, std::string_view headers = {}) {
  MessageView view;
  view.headers = headers;
  view.payload = payload;
  return view;
}

TEST(MailboxTest, WhatArrivesIsCopiedAndSignalledOnce) {
  Mailbox mailbox;
  ASSERT_TRUE(mailbox.arm());
  std::string payload = "one";
  const MessageView view = message(payload);
  EXPECT_TRUE(mailbox.deliver({&view, 1}));
  EXPECT_FALSE(mailbox.deliver({&view, 1})) << "signalled already";
  payload = "two";
  EXPECT_FALSE(mailbox.answer(message("", "NATS/1.0 408 Request Timeout\r\n\r\n"), 7));
  EXPECT_FALSE(mailbox.arm()) << "it isn't empty";
  Mailbox::Contents contents;
  mailbox.take(contents);
  ASSERT_EQ(contents.deliveries.size(), 2U);
  EXPECT_EQ(contents.deliveries[1].payload, "one");
  ASSERT_EQ(contents.answers.size(), 1U);
  EXPECT_EQ(contents.answers[0].token, 7U);
  EXPECT_TRUE(mailbox.arm());
}

TEST(MailboxTest, AHeartbeatIsNotedAndWakesNobody) {
  Mailbox mailbox;
  ASSERT_TRUE(mailbox.arm());
  EXPECT_FALSE(mailbox.answer(message("", "NATS/1.0 100 Idle Heartbeat\r\n\r\n"), 7));
  Mailbox::Contents contents;
  mailbox.take(contents);
  EXPECT_TRUE(contents.heard);
  EXPECT_TRUE(contents.answers.empty());
  EXPECT_TRUE(mailbox.change()) << "still armed";
}

TEST(MailboxTest, AChangeIsNotMissedBetweenTwoLooks) {
  Mailbox mailbox;
  EXPECT_FALSE(mailbox.change()) << "nobody waits yet";
  EXPECT_FALSE(mailbox.arm());
  EXPECT_TRUE(mailbox.arm());
}

}  // namespace
}  // namespace nats3::nats
