#include "object/s3/xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nats3::object {
namespace {

using testing::ElementsAre;

std::string listing(const std::string& inside) {
  return R"(<?xml version="1.0" encoding="UTF-8"?>)"
         R"(<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">)" +
         inside + "</ListBucketResult>";
}

std::string object(const std::string& key, const std::string& size = "1") {
  return "<Contents><Key>" + key + "</Key><Size>" + size + "</Size></Contents>";
}

const std::string kWhole = "<IsTruncated>false</IsTruncated>";

TEST(ParseListResult, ReadsObjectsPrefixesAndToken) {
  const auto page =
      parse_list_result(listing("<Name>b</Name><Prefix/><IsTruncated>true</IsTruncated>"
                                "<NextContinuationToken>1/AbC+=</NextContinuationToken>" +
                                object("a&amp;b", "12") + object("c", "0") +
                                "<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>"));
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->objects.size(), 2U);
  EXPECT_EQ(page->objects[0].key, "a&b");
  EXPECT_EQ(page->objects[0].size, 12U);
  EXPECT_THAT(page->common_prefixes, ElementsAre("p/"));
  EXPECT_EQ(page->next_token, "1/AbC+=");
}

// AWS and MinIO encode a space as '+', Ceph as %20.
TEST(ParseListResult, DecodesKeysAsEveryServerEncodesThem) {
  const auto page = parse_list_result(listing("<EncodingType>url</EncodingType>" + kWhole +
                                              object("a+b%20c%2Bd/%C3%A9") +
                                              "<CommonPrefixes><Prefix>p%3D+q/</Prefix>"
                                              "</CommonPrefixes>"));
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->objects[0].key, "a b c+d/é");
  EXPECT_THAT(page->common_prefixes, ElementsAre("p= q/"));
}

TEST(ParseListResult, TakesKeysAsTheyAreWhenTheServerDoesNotEncode) {
  const auto page = parse_list_result(listing(kWhole + object("a+b%20")));
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->objects[0].key, "a+b%20");
}

TEST(ParseListResult, RefusesWhatIsNoWholeListing) {
  const std::string whole = listing(kWhole + object("a"));
  ASSERT_TRUE(parse_list_result(whole));
  const std::vector<std::string> bad = {
      "",
      "<html><body>proxy</body></html>",
      "{}",
      whole.substr(0, whole.size() / 2),
      whole.substr(0, whole.size() - 1),
      listing(object("a")),                                      // whole or not?
      listing("<IsTruncated>true</IsTruncated>" + object("a")),  // no token
      listing("<IsTruncated>maybe</IsTruncated>"),
      listing(kWhole + object("")),
      listing(kWhole + object("a", "")),
      listing(kWhole + object("a", "-1")),
      listing(kWhole + object("a", "12x")),
      listing(kWhole + object("a", "99999999999999999999999")),
      listing("<EncodingType>url</EncodingType>" + kWhole + object("a%2")),
      listing("<EncodingType>url</EncodingType>" + kWhole + object("a%zz")),
  };
  for (const std::string& text : bad) {
    const auto page = parse_list_result(text);
    ASSERT_FALSE(page) << text;
    EXPECT_EQ(page.error().code, ErrorCode::kUnavailable) << text;
  }
}

TEST(ParseListResult, RefusesMoreThanAPageHolds) {
  std::string objects;
  for (int i = 0; i < 1001; ++i) {
    objects += object("k" + std::to_string(i));
  }
  EXPECT_FALSE(parse_list_result(listing(kWhole + objects)));
  EXPECT_FALSE(parse_list_result(std::string(kMaxListBytes + 1, ' ')));
}

TEST(ParseListResult, DefinesNoEntities) {
  // "Billion laughs": nothing is expanded, and the file is not read.
  const auto page = parse_list_result(
      R"(<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>)" +
      listing(kWhole + object("&b;&f;")).substr(38));
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->objects[0].key, "&b;&f;");
}

TEST(ParseListResult, SurvivesDeepNesting) {
  std::string deep;
  for (int i = 0; i < 200'000; ++i) {
    deep += "<a>";
  }
  EXPECT_FALSE(parse_list_result(listing(deep)));
}

TEST(ParseError, ReadsCodeMessageAndRegion) {
  const auto error = parse_error(
      "<?xml version=\"1.0\"?><Error><Code>PermanentRedirect</Code><Message>Go &lt;there&gt;"
      "</Message><Region>eu-west-1</Region><RequestId>42</RequestId></Error>");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "PermanentRedirect");
  EXPECT_EQ(error->message, "Go <there>");
  EXPECT_EQ(error->region, "eu-west-1");
  EXPECT_EQ(error->request_id, "42");
}

TEST(ParseError, FindsNoneInOtherAnswers) {
  EXPECT_FALSE(parse_error(""));
  EXPECT_FALSE(parse_error("<html/>"));
  EXPECT_FALSE(parse_error("<Error><Code>cut"));
}

TEST(ParseUploadId, ReadsItOrSaysThatThereIsNone) {
  EXPECT_EQ(parse_upload_id("<InitiateMultipartUploadResult><UploadId>2~x&amp;</UploadId>"
                            "</InitiateMultipartUploadResult>"),
            "2~x&");
  EXPECT_FALSE(parse_upload_id("<InitiateMultipartUploadResult/>"));
  EXPECT_FALSE(parse_upload_id("nonsense"));
}

TEST(WriteComplete, NumbersPartsFromOneAndEscapes) {
  EXPECT_EQ(write_complete({"\"e1\"", "<e2>"}),
            "<?xml version=\"1.0\"?><CompleteMultipartUpload "
            "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
            "<Part><PartNumber>1</PartNumber><ETag>\"e1\"</ETag></Part>"
            "<Part><PartNumber>2</PartNumber><ETag>&lt;e2&gt;</ETag></Part>"
            "</CompleteMultipartUpload>");
}

}  // namespace
}  // namespace nats3::object
