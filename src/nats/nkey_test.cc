#include "nats/nkey.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace nats3::nats {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Source: README.md of https://github.com/nats-io/nkeys.
constexpr std::string_view kSeed = "SUAKYRHVIOREXV7EUZTBHUHL7NUMHPMAS7QMDU3GTIUWEI5LDNOXD43IZY";
constexpr std::string_view kPublic = "UD466L6EBCM3YY5HEGHJANNTN4LSKTSUXTH7RILHCKEQMQHTBNLHJJXT";

std::string error_of(std::string_view text) {
  const auto key = parse_user_key(text);
  EXPECT_FALSE(key) << text;
  if (key) {
    return "";
  }
  EXPECT_EQ(key.error().code, ErrorCode::kInvalid);
  return key.error().message;
}

TEST(NkeyTest, AgreesWithPublishedKeys) {
  // Sources: as above; the documentation of NATS on NKeys; the tests of nats.net (NKeyTests) and of
  // nats.java (testInterop).
  const std::pair<std::string_view, std::string_view> vectors[] = {
      {kSeed, kPublic},
      {"SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY",
       "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4"},
      {"SUAAVWRZG6M5FA5VRRGWSCIHKTOJC7EWNIT4JV3FTOIPO4OBFR5WA7X5TE",
       "UALQSMXRSAA7ZXIGDDJBJ2JOYJVQIWM3LQVDM5KYIPG4EP3FAGJ47BOJ"},
      {"SUAOXETHU4AZD2424VFDTDJ4TOEUSGZIXMRS6F3MSCMHUUORYHNEVM6ADE",
       "UB2YRJYJEFC5GZA5I47TCYYBIXQRAUA6B3MC4SR2WTXNUX6MTYM6BTBP"}};
  for (const auto& [seed, public_key] : vectors) {
    const auto key = parse_user_key(seed);
    ASSERT_TRUE(key) << key.error().message;
    EXPECT_EQ(key->seed.view(), seed);
    EXPECT_EQ(key->public_key, public_key);
  }
}

TEST(NkeyTest, TheSeedIsFoundAmongOtherLines) {
  for (const std::string& text :
       {fmt::format("{}\n", kSeed), fmt::format("# of nats3\r\n  \t{} \r\n{}\r\n", kSeed, kPublic),
        fmt::format("{}\n{}", kPublic, kSeed),
        fmt::format("-----BEGIN NATS USER JWT-----\neyJ0eXAi.SUA.x\n------END NATS USER JWT------\n"
                    "\n-----BEGIN USER NKEY SEED-----\n{}\n------END USER NKEY SEED------\n",
                    kSeed)}) {
    const auto key = parse_user_key(text);
    ASSERT_TRUE(key) << text << key.error().message;
    EXPECT_EQ(key->seed.view(), kSeed);
  }
}

TEST(NkeyTest, WhatIsNoUsersSeedIsNamed) {
  for (const char* text : {"", "\n\n", "hunter2", "SUMMARY: none", "-----BEGIN PRIVATE KEY-----"}) {
    EXPECT_THAT(error_of(text), HasSubstr("holds no seed"));
  }
  EXPECT_THAT(error_of(kPublic), HasSubstr("holds a public key"));
  // Source: the tests of nats.java.
  EXPECT_THAT(error_of("SAAPXJRFMUYDUH3NOZKE7BS2ZDO2P4ND7G6W743MTNA3KCSFPX3HNN6AX4\n"),
              AllOf(HasSubstr("the seed of an account"), HasSubstr("begins with SU")));
  EXPECT_THAT(error_of("SOAAAAAA"), HasSubstr("an operator"));
}

TEST(NkeyTest, ASeedThatIsntWholeIsRefusedWithoutBeingTold) {
  const std::string seed(kSeed);
  for (const std::string& text : {seed.substr(0, 57), seed + "A", seed + seed, std::string("SU")}) {
    EXPECT_THAT(error_of(text), HasSubstr(fmt::format("not {} characters", text.size())));
  }
  // The last character has two bits that belong to nothing.
  EXPECT_THAT(error_of(seed.substr(0, 57) + "Z"), HasSubstr("isn't whole"));
  for (std::size_t at = 2; at < seed.size(); ++at) {
    std::string changed = seed;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_THAT(error_of(changed),
                AllOf(Not(HasSubstr(changed.substr(0, 8))), Not(HasSubstr(changed.substr(50)))));
  }
  std::string swapped = seed;
  std::swap(swapped[20], swapped[21]);
  EXPECT_THAT(error_of(swapped), HasSubstr("checksum is wrong"));
}

TEST(NkeyTest, AFileIsNamed) {
  EXPECT_THAT(read_user_key("/nowhere.nk").error().message,
              AllOf(HasSubstr("NKey /nowhere.nk: "), HasSubstr("No such file")));
  EXPECT_THAT(read_user_key("/").error().message, HasSubstr("is a folder"));
}

}  // namespace
}  // namespace nats3::nats
