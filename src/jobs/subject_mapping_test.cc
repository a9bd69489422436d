#include "jobs/subject_mapping.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nats3::jobs {
namespace {

using ::testing::HasSubstr;

std::string map(std::string_view source, std::string_view target, std::string_view subject) {
  const auto mapping = SubjectMapping::parse(source, target);
  if (!mapping) {
    return mapping.error().message;
  }
  std::string out = "left over";
  mapping->apply(subject, out);
  return out;
}

TEST(SubjectMapping, OneSubjectTakesEverything) {
  EXPECT_EQ(map("orders.>", "replay", "orders.eu.1"), "replay");
}

TEST(SubjectMapping, SubjectKeepsTheOriginal) {
  EXPECT_EQ(map("orders.>", "{{subject}}", "orders.eu.1"), "orders.eu.1");
  EXPECT_EQ(map("orders.>", "copy.{{ subject }}", "orders.eu.1"), "copy.orders.eu.1");
}

TEST(SubjectMapping, WildcardsTakeTokensInAnyOrder) {
  EXPECT_EQ(map("debian.*.*", "r.{{wildcard(2)}}.{{wildcard(1)}}", "debian.net.curl"),
            "r.curl.net");
  EXPECT_EQ(map("debian.*.*", "r.$2.$1", "debian.net.curl"), "r.curl.net");
  EXPECT_EQ(map("a.*", "r.{{ Wildcard( 1 ) }}", "a.x"), "r.x");
}

TEST(SubjectMapping, PatternCoversTheResults) {
  EXPECT_EQ(SubjectMapping::parse("a.*.b.>", "r.{{wildcard(1)}}")->pattern(), "r.*");
  EXPECT_EQ(SubjectMapping::parse("a.>", "copy.{{subject}}")->pattern(), "copy.a.>");
}

TEST(SubjectMapping, RefusesWhatItCantDo) {
  EXPECT_THAT(map("a.*", "r.{{wildcard(2)}}", ""), HasSubstr("which has 1"));
  EXPECT_THAT(map("a.*", "r.{{partition(3,1)}}", ""), HasSubstr("{{subject}}"));
  EXPECT_THAT(map("a.*", "r.x{{wildcard(1)}}", ""), HasSubstr("whole token"));
  EXPECT_THAT(map("a.*", "r.*", ""), HasSubstr("wildcard"));
  EXPECT_THAT(map("a.>", "{{subject}}.more", ""), HasSubstr("only at the end"));
  EXPECT_THAT(map("a.*", "r..x", ""), HasSubstr("empty"));
  EXPECT_THAT(map("a.*", "", ""), HasSubstr("empty"));
  EXPECT_THAT(map("a.*", "r.{{wildcard(99999999999999999999)}}", ""), HasSubstr("not a mapping"));
}

// It was joined without its first dot, and so passed for `r`; each publish would have failed.
TEST(SubjectMapping, RefusesAnEmptyFirstToken) {
  EXPECT_THAT(map("a.*", ".r", ""), HasSubstr("empty"));
  EXPECT_THAT(map("a.*", ".{{subject}}", ""), HasSubstr("empty"));
}

}  // namespace
}  // namespace nats3::jobs
