#include "object/s3/content.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nats3::object {
namespace {

HttpAnswer answer(int status, std::string body, const std::string& content_range = "") {
  HttpAnswer made{status, {{"content-length", std::to_string(body.size())}}, std::move(body)};
  if (!content_range.empty()) {
    made.headers["content-range"] = content_range;
  }
  return made;
}

ErrorCode code_of(const Result<std::string>& result) {
  return result ? ErrorCode::kInternal : result.error().code;
}

TEST(RangeHeader, IsInclusiveAndNeverOverflows) {
  EXPECT_EQ(range_header({0, 1}), "bytes=0-0");
  EXPECT_EQ(range_header({5, 10}), "bytes=5-14");
  EXPECT_EQ(range_header({5, std::nullopt}), "bytes=5-");
  EXPECT_EQ(range_header({5, UINT64_MAX}), "bytes=5-9223372036854775807");
}

TEST(ParseContentRange, TakesOnlyWholeOnes) {
  const auto range = parse_content_range("bytes 5-9/20");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 5U);
  EXPECT_EQ(range->last, 9U);
  EXPECT_EQ(range->size, 20U);
  for (const char* bad :
       {"", "bytes", "bytes 5-9", "bytes 5-9/*", "bytes */20", "bytes 9-5/20", "bytes 5-20/20",
        "bytes -5/20", "items 5-9/20", "bytes 5/20-9", "bytes 5-9/99999999999999999999999"}) {
    EXPECT_FALSE(parse_content_range(bad)) << bad;
  }
}

TEST(WholeContent, GivesWhatAddsUp) {
  EXPECT_EQ(whole_content(answer(200, "hello"), {}, "k"), "hello");
  EXPECT_EQ(whole_content(answer(206, "ell", "bytes 1-3/5"), ByteRange{1, 3}, "k"), "ell");
  EXPECT_EQ(whole_content(answer(206, "lo", "bytes 3-4/5"), ByteRange{3, 10}, "k"), "lo");
  EXPECT_EQ(whole_content(answer(206, "lo", "bytes 3-4/5"), ByteRange{3, {}}, "k"), "lo");
}

TEST(WholeContent, CutsARangeThatTheServerIgnored) {
  EXPECT_EQ(whole_content(answer(200, "hello"), ByteRange{1, 3}, "k"), "ell");
  EXPECT_EQ(code_of(whole_content(answer(200, "hello"), ByteRange{5, 3}, "k")),
            ErrorCode::kInvalid);
}

TEST(WholeContent, ACutAnswerIsUnavailable) {
  HttpAnswer cut = answer(200, "hel");
  cut.headers["content-length"] = "5";
  EXPECT_EQ(code_of(whole_content(cut, {}, "k")), ErrorCode::kUnavailable);
  HttpAnswer silent = answer(200, "hel");
  silent.headers.clear();
  EXPECT_EQ(code_of(whole_content(silent, {}, "k")), ErrorCode::kUnavailable);
  silent.headers["transfer-encoding"] = "chunked";  // has an end of its own
  EXPECT_EQ(whole_content(silent, {}, "k"), "hel");
}

TEST(WholeContent, APartThatWasNotAskedForIsUnavailable) {
  const auto code = [](HttpAnswer made, ByteRange range) {
    return code_of(whole_content(std::move(made), range, "k"));
  };
  EXPECT_EQ(code(answer(206, "ell", "bytes 0-2/5"), {1, 3}), ErrorCode::kUnavailable);
  EXPECT_EQ(code(answer(206, "el", "bytes 1-2/5"), {1, 3}), ErrorCode::kUnavailable);
  EXPECT_EQ(code(answer(206, "el", "bytes 1-3/5"), {1, 3}), ErrorCode::kUnavailable);
  EXPECT_EQ(code(answer(206, "ell"), {1, 3}), ErrorCode::kUnavailable);
  EXPECT_EQ(code_of(whole_content(answer(206, "ell", "bytes 1-3/5"), {}, "k")),
            ErrorCode::kUnavailable);
}

ListPage page_of(const std::vector<std::string>& keys) {
  ListPage page;
  for (const std::string& key : keys) {
    page.objects.push_back({key, 1});
  }
  return page;
}

TEST(CheckedPage, TakesWhatIsInOrder) {
  EXPECT_TRUE(checked_page(page_of({"p/a", "p/b"}), {.prefix = "p/", .start_after = "p/0"}));
  EXPECT_TRUE(checked_page(page_of({}), {}));
}

// Some stores (S3's directory buckets among them) don't sort. Looking for the last chunk of a
// series in such a listing would find the wrong one.
TEST(CheckedPage, RefusesAListingThatIsNotInOrder) {
  EXPECT_FALSE(checked_page(page_of({"b", "a"}), {}));
  EXPECT_FALSE(checked_page(page_of({"a", "a"}), {}));
  EXPECT_FALSE(checked_page(page_of({"a"}), {.start_after = "a"}));
  EXPECT_FALSE(checked_page(page_of({"other"}), {.prefix = "p/"}));
  ListPage page;
  page.common_prefixes = {"b/", "a/"};
  EXPECT_FALSE(checked_page(page, {.delimiter = "/"}));
}

}  // namespace
}  // namespace nats3::object
