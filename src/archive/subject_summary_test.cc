#include "archive/subject_summary.h"

#include <gtest/gtest.h>

#include "base/digest.h"

namespace nats3::archive {
namespace {

// A summary of `count` subjects "s.<n>", and the strings it was made from.
SubjectSummary summary_of(std::size_t count, std::string_view stem = "s.") {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    texts.push_back(std::string(stem) + std::to_string(i));
  }
  std::vector<CountedSubject> subjects;
  for (const std::string& text : texts) {
    subjects.push_back({text, xxh3_64(text), 2});
  }
  return summarise_subjects(std::move(subjects));
}

Result<SubjectSummary> roundtrip(const SubjectSummary& summary) {
  std::string bytes;
  put_subjects(bytes, summary);
  ByteReader in(bytes);
  auto read = read_subjects(in);
  EXPECT_EQ(in.remaining(), 0u);
  return read;
}

TEST(SubjectSummaryTest, ListsFewSubjects) {
  const SubjectSummary summary = summary_of(1'000);
  EXPECT_TRUE(summary.complete());
  EXPECT_EQ(summary.distinct, 1'000u);
  EXPECT_EQ(summary.listed[2], (SubjectCount{"s.10", 2}));
  EXPECT_TRUE(summary.may_contain("s.999"));
  EXPECT_TRUE(summary.may_contain("s.*"));
  EXPECT_TRUE(summary.may_contain(">"));
  EXPECT_FALSE(summary.may_contain("s.1000"));
  EXPECT_FALSE(summary.may_contain("t.>"));
  EXPECT_EQ(roundtrip(summary).value(), summary);
}

TEST(SubjectSummaryTest, FiltersManySubjects) {
  const SubjectSummary summary = summary_of(5'000);
  EXPECT_FALSE(summary.complete());
  EXPECT_EQ(summary.distinct, 5'000u);
  for (int i = 0; i < 5'000; ++i) {
    ASSERT_TRUE(summary.may_contain("s." + std::to_string(i)));
  }
  EXPECT_TRUE(summary.may_contain("t.>")) << "a filter can't tell of wildcards";
  int wrong = 0;
  for (int i = 0; i < 10'000; ++i) {
    wrong += summary.may_contain("t." + std::to_string(i)) ? 1 : 0;
  }
  EXPECT_LT(wrong, 200) << "of 10,000; 1 % are to be expected";
  EXPECT_EQ(roundtrip(summary).value(), summary);
}

TEST(SubjectSummaryTest, FiltersLongSubjects) {
  EXPECT_FALSE(summary_of(100, std::string(1'000, 'x')).complete());
}

TEST(SubjectSummaryTest, StaysBoundedWithAMillionSubjects) {
  const SubjectSummary summary = summary_of(1'000'000);
  EXPECT_EQ(summary.filter.size(), SubjectSummary::kMaxFilterBytes);
  EXPECT_TRUE(summary.may_contain("s.999999"));
}

TEST(SubjectSummaryTest, RefusesWhatCannotBe) {
  using namespace std::string_literals;
  for (const std::string& bytes : {
           ""s, "\0"s, "\3\0"s, "\1"s, "\1\1\1a"s,
           "\1\1\1a\0"s,            // counted zero times
           "\1\2\1b\1\1a\1"s,       // not sorted
           "\1\2\1a\1\1a\1"s,       // twice
           "\1\xe9\7"s,             // 1,001 are too many
           "\2\1\1\0"s,             // an empty filter
           "\2\1\1\7abcdefg"s,      // not a multiple of 8
           "\2\1\0\10abcdefgh"s,    // no probes
           "\2\1\x11\10abcdefgh"s,  // too many probes
           "\2\0\1\10abcdefgh"s,    // of no subjects
       }) {
    ByteReader in(bytes);
    EXPECT_FALSE(read_subjects(in)) << ::testing::PrintToString(bytes);
  }
}

}  // namespace
}  // namespace nats3::archive
