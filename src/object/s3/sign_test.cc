// Signatures that AWS has published, computed by us.
//
// Sources: the Signature Version 4 test suite, as kept in awslabs/aws-c-auth
// (tests/aws-signing-test-suite/v4; all vectors but those that normalise paths, which S3 doesn't),
// and the worked examples of "Signature Calculations for the Authorization Header" in the S3 API
// Reference.
#include "object/s3/sign.h"

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/time_text.h"

namespace nats3::object {
namespace {

constexpr std::string_view kEmptyHash =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
constexpr std::string_view kUnreserved =
    "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

std::string signature_of(const SigningRequest& request, const SigningScope& scope,
                         const Credentials& credentials) {
  const std::string header = authorization(request, scope, credentials);
  return header.substr(header.find("Signature=") + 10);
}

struct SuiteCase {
  std::string name;
  std::string method;
  std::string path;
  NameValues query;
  NameValues headers;
  std::string body;
  std::string signature;
};

class SignatureSuite : public testing::TestWithParam<SuiteCase> {};

TEST_P(SignatureSuite, GivesThePublishedSignature) {
  const SuiteCase& suite_case = GetParam();
  SigningRequest request{suite_case.method, suite_case.path, suite_case.query, suite_case.headers,
                         to_hex(as_view(sha256(suite_case.body)))};
  request.headers.emplace_back("Host", "example.amazonaws.com");
  request.headers.emplace_back("X-Amz-Date", "20150830T123600Z");
  const SigningScope scope{"us-east-1", "service", *parse_time("2015-08-30T12:36:00Z")};
  const Credentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", ""};
  EXPECT_EQ(signature_of(request, scope, credentials), suite_case.signature)
      << canonical_request(request);
}

const std::string kFormHash = "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e";
const std::string kVanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
const std::string kPost = "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b";
const std::string kSecurityToken =
    "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfI"
    "eoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0"
    "wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDry"
    "pNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

INSTANTIATE_TEST_SUITE_P(
    Aws, SignatureSuite,
    testing::Values(
        SuiteCase{"get_vanilla", "GET", "/", {}, {}, "", kVanilla},
        SuiteCase{"get_header_key_duplicate",
                  "GET",
                  "/",
                  {},
                  {{"My-Header1", "value2"}, {"My-Header1", "value2"}, {"My-Header1", "value1"}},
                  "",
                  "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"},
        SuiteCase{"get_header_value_multiline",
                  "GET",
                  "/",
                  {},
                  {{"My-Header1", "value1\n  value2\n     value3"}},
                  "",
                  "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd"},
        SuiteCase{"get_header_value_order",
                  "GET",
                  "/",
                  {},
                  {{"My-Header1", "value4"},
                   {"My-Header1", "value1"},
                   {"My-Header1", "value3"},
                   {"My-Header1", "value2"}},
                  "",
                  "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
        SuiteCase{"get_header_value_trim",
                  "GET",
                  "/",
                  {},
                  {{"My-Header1", " value1"}, {"My-Header2", " \"a   b   c\""}},
                  "",
                  "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
        SuiteCase{"get_relative_relative_unnormalized",
                  "GET",
                  "/example1/example2/../..",
                  {},
                  {},
                  "",
                  "dc33e0856fd4baca4d7aa2146c38958283844764f38c74252a333df5e613003b"},
        SuiteCase{"get_relative_unnormalized",
                  "GET",
                  "/example/..",
                  {},
                  {},
                  "",
                  "eca7ead57bb5aa5c8e28007acd4ff04e1ff9a0ff3b237ec1554a184887ff9282"},
        SuiteCase{"get_slash_dot_slash_unnormalized",
                  "GET",
                  "/./",
                  {},
                  {},
                  "",
                  "68714168e6557f8f2de0ef956fc24dc2593a4bd2961f8df51898d8a134695145"},
        SuiteCase{"get_slash_pointless_dot_unnormalized",
                  "GET",
                  "/./example",
                  {},
                  {},
                  "",
                  "beb03f223f7deae4146464f06e29eebbee9c8afbe15c290cf07aa8b119e14cff"},
        SuiteCase{"get_slash_unnormalized",
                  "GET",
                  "//",
                  {},
                  {},
                  "",
                  "c88bcd3d312d75078c0cd961d6deae3f4c754924b01669efcfcb439fd5e5b76e"},
        SuiteCase{"get_slashes_unnormalized",
                  "GET",
                  "//example//",
                  {},
                  {},
                  "",
                  "87cca117541a147f6df867677d98a7d80dff226d2bfca9e4ffa899665623c7e5"},
        SuiteCase{"get_space",
                  "GET",
                  "/example space/",
                  {},
                  {},
                  "",
                  "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
        SuiteCase{"get_unreserved",
                  "GET",
                  "/" + std::string(kUnreserved),
                  {},
                  {},
                  "",
                  "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        SuiteCase{"get_utf8",
                  "GET",
                  "/ሴ",
                  {},
                  {},
                  "",
                  "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        SuiteCase{"get_vanilla_empty_query_key",
                  "GET",
                  "/",
                  {{"Param1", "value1"}},
                  {},
                  "",
                  "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
        SuiteCase{"get_vanilla_query_order_encoded",
                  "GET",
                  "/",
                  {{"Param-3", "Value3"}, {"Param", "Value2"}, {"ሴ", "Value1"}},
                  {},
                  "",
                  "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
        SuiteCase{"get_vanilla_query_order_key_case",
                  "GET",
                  "/",
                  {{"Param2", "value2"}, {"Param1", "value1"}},
                  {},
                  "",
                  "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        SuiteCase{"get_vanilla_query_unreserved",
                  "GET",
                  "/",
                  {{std::string(kUnreserved), std::string(kUnreserved)}},
                  {},
                  "",
                  "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
        SuiteCase{"get_vanilla_utf8_query",
                  "GET",
                  "/",
                  {{"ሴ", "bar"}},
                  {},
                  "",
                  "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
        SuiteCase{"get_vanilla_with_session_token",
                  "GET",
                  "/",
                  {},
                  {{"X-Amz-Security-Token",
                    "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"}},
                  "",
                  "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
        SuiteCase{"post_vanilla", "POST", "/", {}, {}, "", kPost},
        SuiteCase{"post_header_key_sort",
                  "POST",
                  "/",
                  {},
                  {{"My-Header1", "value1"}},
                  "",
                  "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
        SuiteCase{"post_header_value_case",
                  "POST",
                  "/",
                  {},
                  {{"My-Header1", "VALUE1"}},
                  "",
                  "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
        SuiteCase{"post_sts_header_before",
                  "POST",
                  "/",
                  {},
                  {{"X-Amz-Security-Token", kSecurityToken}},
                  "",
                  "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
        SuiteCase{"post_vanilla_query",
                  "POST",
                  "/",
                  {{"Param1", "value1"}},
                  {},
                  "",
                  "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
        SuiteCase{"post_x_www_form_urlencoded",
                  "POST",
                  "/",
                  {},
                  {{"Content-Type", "application/x-www-form-urlencoded"},
                   {"Content-Length", "13"},
                   {"X-Amz-Content-Sha256", kFormHash}},
                  "Param1=value1",
                  "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"},
        SuiteCase{"post_x_www_form_urlencoded_parameters",
                  "POST",
                  "/",
                  {},
                  {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"},
                   {"Content-Length", "13"},
                   {"X-Amz-Content-Sha256", kFormHash}},
                  "Param1=value1",
                  "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"}),
    [](const auto& suite_case) { return suite_case.param.name; });

// The S3 API Reference's examples: one bucket, one day, one pair of keys.
class S3Examples : public testing::Test {
 protected:
  static SigningRequest request(std::string method, std::string path, NameValues query,
                                NameValues headers, std::string_view hash = kEmptyHash) {
    headers.emplace_back("Host", "examplebucket.s3.amazonaws.com");
    headers.emplace_back("x-amz-content-sha256", hash);
    headers.emplace_back("x-amz-date", "20130524T000000Z");
    return {std::move(method), std::move(path), std::move(query), std::move(headers),
            std::string(hash)};
  }

  const SigningScope scope_{"us-east-1", "s3", *parse_time("2013-05-24T00:00:00Z")};
  const Credentials credentials_{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                 ""};
};

TEST_F(S3Examples, GetObject) {
  const auto get = request("GET", "/test.txt", {}, {{"Range", "bytes=0-9"}});
  EXPECT_EQ(canonical_request(get),
            "GET\n/test.txt\n\n"
            "host:examplebucket.s3.amazonaws.com\n"
            "range:bytes=0-9\n"
            "x-amz-content-sha256:" +
                std::string(kEmptyHash) +
                "\n"
                "x-amz-date:20130524T000000Z\n"
                "\nhost;range;x-amz-content-sha256;x-amz-date\n" +
                std::string(kEmptyHash));
  EXPECT_EQ(string_to_sign(get, scope_),
            "AWS4-HMAC-SHA256\n20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"
            "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972");
  EXPECT_EQ(authorization(get, scope_, credentials_),
            "AWS4-HMAC-SHA256 "
            "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(S3Examples, PutObject) {
  const auto put = request(
      "PUT", "/test$file.text", {},
      {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
      to_hex(as_view(sha256("Welcome to Amazon S3."))));
  EXPECT_EQ(signature_of(put, scope_, credentials_),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(S3Examples, GetBucketLifecycle) {
  EXPECT_EQ(signature_of(request("GET", "/", {{"lifecycle", ""}}, {}), scope_, credentials_),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_F(S3Examples, ListObjects) {
  EXPECT_EQ(signature_of(request("GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {}), scope_,
                         credentials_),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(Sign, EncodesEveryCharacterThatLibcurlLeaves) {
  EXPECT_EQ(encode_path("/b/a b+c=d>e*f%g~h/é"), "/b/a%20b%2Bc%3Dd%3Ee%2Af%25g~h/%C3%A9");
  EXPECT_EQ(encode_query({{"prefix", "a/b+c d"}, {"delimiter", "/"}, {"uploads", ""}}),
            "delimiter=%2F&prefix=a%2Fb%2Bc%20d&uploads=");
}

TEST(Sign, SortsTheQueryAsEncodedNotAsGiven) {
  // '-' sorts before 'é' either way, but "%C3" before "-" only when encoded.
  EXPECT_EQ(encode_query({{"a-", "1"}, {"aé", "2"}}), "a%C3%A9=2&a-=1");
}

}  // namespace
}  // namespace nats3::object
