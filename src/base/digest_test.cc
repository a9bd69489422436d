#include "base/digest.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace nats3 {
namespace {

// Source: FIPS 180-4 examples, RFC 1321 section A.5, RFC 4231 section 4.3.
TEST(DigestTest, AgreesWithPublishedVectors) {
  EXPECT_EQ(to_hex(as_view(sha256("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(as_view(sha256(""))),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(as_view(md5("abc"))), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(to_hex(as_view(hmac_sha256("Jefe", "what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// Source: the test values of xxHash, XXH3-64 with seed 0 of no bytes.
TEST(DigestTest, XxhashIsTheThirdOne) { EXPECT_EQ(xxh3_64(""), 0x2d06800538d394c2u); }

RC_GTEST_PROP(DigestTest, PiecesGiveTheDigestOfTheWhole, (const std::vector<std::string>& pieces)) {
  Sha256 in_pieces;
  std::string whole;
  for (const std::string& piece : pieces) {
    in_pieces.update(piece);
    whole += piece;
    RC_ASSERT(in_pieces.so_far() == sha256(whole));
  }
  RC_ASSERT(in_pieces.finish() == sha256(whole));
}

// Source: RFC 4648, section 10.
TEST(Base64Test, AgreesWithPublishedVectors) {
  const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text).value(), bytes);
  }
}

RC_GTEST_PROP(Base64Test, BytesComeBack, (const std::string& bytes)) {
  RC_ASSERT(from_base64(to_base64(bytes)).value() == bytes);
}

TEST(Base64Test, RefusesAnythingElse) {
  for (const std::string_view text :
       {"Z", "Zg", "Zg=", "Zg===", "====", "=", "Z===", "Zm9v\n", " Zm9v", "Zm 9", "Zm9-", "Zm_v",
        "Zg==Zg==", "Z=g=", "Zh==", "Zm9="}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

TEST(HexTest, IsLowerCase) { EXPECT_EQ(to_hex(std::string("\0\x9f\xff", 3)), "009fff"); }

TEST(Secret, IsTheSameText) {
  EXPECT_TRUE(is_secret("", ""));
  EXPECT_TRUE(is_secret("a b", "a b"));
  EXPECT_FALSE(is_secret("a b", "a c"));
  EXPECT_FALSE(is_secret("a", "a b"));
}

}  // namespace
}  // namespace nats3
