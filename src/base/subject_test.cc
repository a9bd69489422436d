#include "base/subject.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace nats3 {
namespace {

TEST(SubjectTest, WildcardsMatchWholeTokens) {
  EXPECT_TRUE(subject_matches("a.b", "a.b"));
  EXPECT_TRUE(subject_matches("a.*", "a.b"));
  EXPECT_TRUE(subject_matches("*.*", "a.b"));
  EXPECT_TRUE(subject_matches(">", "a"));
  EXPECT_TRUE(subject_matches("a.>", "a.b.c"));
  EXPECT_FALSE(subject_matches("a.>", "a")) << "> stands for one token or more";
  EXPECT_FALSE(subject_matches("a.*", "a"));
  EXPECT_FALSE(subject_matches("a.*", "a.b.c"));
  EXPECT_FALSE(subject_matches("a", "a.b"));
  EXPECT_FALSE(subject_matches("a.b", "a.bc"));
  EXPECT_FALSE(subject_matches("A", "a"));
}

TEST(SubjectTest, CoversWhatEverySelectedSubjectIs) {
  EXPECT_TRUE(subject_covers(">", "a.>"));
  EXPECT_TRUE(subject_covers("a.*", "a.b"));
  EXPECT_TRUE(subject_covers("a.>", "a.*.b"));
  EXPECT_TRUE(subject_covers("*.>", "a.>"));
  EXPECT_FALSE(subject_covers("a.*", "a.>"));
  EXPECT_FALSE(subject_covers("a.b", "a.*"));
  EXPECT_FALSE(subject_covers("a.>", ">"));
}

TEST(SubjectTest, OverlapWhenOneSubjectFitsBoth) {
  EXPECT_TRUE(subjects_overlap("a.*", "*.b"));
  EXPECT_TRUE(subjects_overlap("a.>", "*.*.c"));
  EXPECT_FALSE(subjects_overlap("a.>", "a"));
  EXPECT_FALSE(subjects_overlap("a.*", "b.*"));
  EXPECT_FALSE(subjects_overlap("a.*", "a.*.c"));
}

rc::Gen<std::string> any_filter(const std::vector<std::string>& tokens) {
  return rc::gen::map(rc::gen::pair(rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(
                                        rc::gen::elementOf(tokens))),
                                    rc::gen::arbitrary<bool>()),
                      [&tokens](std::pair<std::vector<std::string>, bool> parts) {
                        auto& [chosen, open] = parts;
                        chosen.resize(std::min<std::size_t>(chosen.size(), 4));
                        std::string text;
                        for (const std::string& token : chosen) {
                          text += (text.empty() ? "" : ".") + token;
                        }
                        return open && tokens.size() > 2 ? text + ".>" : text;
                      });
}

// Every subject of up to four tokens of two kinds: enough to tell any two filters of that kind
// apart.
std::vector<std::string> small_subjects() {
  std::vector<std::string> subjects;
  for (std::size_t size = 1; size <= 6; ++size) {
    for (unsigned bits = 0; bits < 1u << size; ++bits) {
      std::string text;
      for (std::size_t i = 0; i < size; ++i) {
        text += (i == 0 ? "" : ".") + std::string(bits >> i & 1 ? "a" : "b");
      }
      subjects.push_back(text);
    }
  }
  return subjects;
}

RC_GTEST_PROP(SubjectTest, CoverAndOverlapSayWhatMatchingSays, ()) {
  static const std::vector<std::string> kTokens{"a", "b", "*"};
  const auto outer = *any_filter(kTokens);
  const auto inner = *any_filter(kTokens);
  bool overlap = false;
  bool covers = true;
  for (const std::string& subject : small_subjects()) {
    const bool in_outer = subject_matches(outer, subject);
    const bool in_inner = subject_matches(inner, subject);
    overlap = overlap || (in_outer && in_inner);
    covers = covers && (in_outer || !in_inner);
  }
  RC_ASSERT(subjects_overlap(outer, inner) == overlap);
  // What matches all of these tokens may still miss a third kind: covering is the stronger claim.
  RC_ASSERT(!subject_covers(outer, inner) || covers);
}

TEST(SubjectTest, ChecksTheFormOfAFilter) {
  for (const std::string_view filter :
       {"a", "a.b", "*", ">", "a.*.b", "a.>", "$JS.API", "é.日本"}) {
    EXPECT_TRUE(check_subject_filter(filter)) << filter;
  }
  for (const std::string_view filter : {"", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\n", "a\x7f",
                                        ">.a", "a.>.b", "a*", "*a", "a>", ">>", "**"}) {
    EXPECT_FALSE(check_subject_filter(filter)) << filter;
  }
}

TEST(SubjectTest, ChecksWhatIsPublishedTo) {
  for (const std::string_view subject : {"a", "a.b", "a*b", "a.>b", "a.\x01", "\x7f", "\xff\xfe"}) {
    EXPECT_TRUE(check_subject(subject)) << subject;
  }
  for (const std::string_view subject :
       {"", ".", "a.", ".a", "a..b", "a b", "a\tb", "a\r", "a\n", "*", ">", "a.*", "*.a", "a.>"}) {
    EXPECT_FALSE(check_subject(subject)) << subject;
  }
  EXPECT_FALSE(check_subject(std::string_view("a\0b", 3)));
}

}  // namespace
}  // namespace nats3
