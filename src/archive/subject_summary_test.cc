#include "archive/subject_summary.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

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

// Each of `count` subjects "s.<n>" in the frames that `pairs` tell.
SubjectSummary summary_with(std::size_t count, const std::vector<SubjectInFrame>& pairs) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    texts.push_back("s." + std::to_string(i));
  }
  std::vector<CountedSubject> subjects;
  for (const std::string& text : texts) {
    subjects.push_back({text, xxh3_64(text), 1});
  }
  return summarise_subjects(std::move(subjects), pairs);
}

std::vector<SubjectInFrame> one_frame_each(std::uint32_t count, std::uint32_t frames) {
  std::vector<SubjectInFrame> pairs;
  for (std::uint32_t i = 0; i < count; ++i) {
    pairs.push_back({i, i % frames});
  }
  return pairs;
}

TEST(SubjectSummaryTest, TellsWhichFrameHoldsASubject) {
  const SubjectSummary summary = summary_with(5'000, one_frame_each(5'000, 50));
  ASSERT_TRUE(summary.tells_frames());
  int wrong = 0;
  for (std::uint32_t i = 0; i < 5'000; ++i) {
    const std::string subject = "s." + std::to_string(i);
    ASSERT_TRUE(summary.may_contain(subject));
    ASSERT_TRUE(summary.may_contain(subject, i % 50));
    for (std::uint32_t frame = 0; frame < 50; ++frame) {
      wrong += frame != i % 50 && summary.may_contain(subject, frame) ? 1 : 0;
    }
  }
  EXPECT_LT(wrong, 2'000) << "of 245,000; 0.3 % are to be expected";
  EXPECT_TRUE(summary.may_contain("s.*", 0)) << "a filter can't tell of wildcards";
  EXPECT_FALSE(summary.may_contain("s.1", 4'000'000'000)) << "no such frame";
  EXPECT_EQ(roundtrip(summary).value(), summary);
}

// Subjects in any frames, few and many, with room for them and without.
RC_GTEST_PROP(SubjectSummaryProperties, NoFrameWithASubjectIsLeftOut, ()) {
  const auto count = *rc::gen::inRange<std::uint32_t>(1, 4'000);
  const auto frames = *rc::gen::inRange<std::uint32_t>(1, 200);
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  std::vector<SubjectInFrame> pairs = one_frame_each(count, frames);
  for (auto more = *rc::gen::inRange(0, 40'000); more > 0; --more) {
    pairs.push_back({static_cast<std::uint32_t>(random() % count),
                     static_cast<std::uint32_t>(random() % frames)});
  }
  const SubjectSummary summary = summary_with(count, pairs);
  RC_CLASSIFY(summary.tells_frames(), "tells frames");
  RC_ASSERT(summary.filter.size() <= SubjectSummary::kMaxFilterBytes);
  for (const auto& [subject, frame] : pairs) {
    const std::string text = "s." + std::to_string(subject);
    RC_ASSERT(summary.may_contain(text));
    RC_ASSERT(summary.may_contain(text, frame));
  }
}

// A chunk as it was written before frames were told apart, and one whose mark isn't whole.
TEST(SubjectSummaryTest, WithoutTheMarkEveryFrameMayHoldEverything) {
  SubjectSummary old = summary_of(5'000);
  EXPECT_FALSE(old.tells_frames());
  EXPECT_TRUE(old.may_contain("other", 3));
  std::ranges::fill(old.filter, '\xff');
  EXPECT_FALSE(old.tells_frames()) << "it is only as large as one without frames";

  const SubjectSummary summary = summary_with(5'000, one_frame_each(5'000, 50));
  ASSERT_FALSE(summary.may_contain("other", 3));
  for (std::size_t i = 1; i <= SubjectSummary::kMarkBytes; ++i) {
    SubjectSummary changed = summary;
    changed.filter[changed.filter.size() - i] = '\x7f';
    EXPECT_FALSE(changed.tells_frames());
    EXPECT_TRUE(changed.may_contain("other", 3));
  }
}

TEST(SubjectSummaryTest, WithoutRoomForFramesTheFilterIsThatOfSubjectsAlone) {
  std::vector<SubjectInFrame> pairs;
  for (std::uint32_t i = 0; i < 45'000; ++i) {
    pairs.push_back({i % 5'000, i / 5'000});
  }
  EXPECT_EQ(summary_with(5'000, pairs), summary_with(5'000, {}));
}

// Sizes and numbers that no writer makes: bounded work, and never a frame left out for a filter
// that doesn't say so.
TEST(SubjectSummaryTest, AForgedFilterTellsFramesOnlyByTheRule) {
  SubjectSummary forged{.distinct = 1, .probes = 16};
  forged.filter.assign(40, '\xff');
  EXPECT_TRUE(forged.tells_frames()) << "8 bytes for a subject, and the mark";
  forged.filter.assign(32, '\xff');
  EXPECT_FALSE(forged.tells_frames());
  forged.filter.assign(SubjectSummary::kMaxFilterBytes, '\xff');
  for (const std::uint64_t distinct :
       {std::uint64_t{65'537}, std::uint64_t{1} << 61, UINT64_MAX / 10, UINT64_MAX}) {
    forged.distinct = distinct;
    EXPECT_FALSE(forged.tells_frames()) << distinct;
    EXPECT_TRUE(forged.may_contain("s.1", SIZE_MAX));
    EXPECT_EQ(roundtrip(forged).value(), forged);
  }
  forged.filter.assign(SubjectSummary::kMaxFilterBytes + 8, '\xff');
  std::string bytes;
  put_subjects(bytes, forged);
  ByteReader in(bytes);
  EXPECT_FALSE(read_subjects(in));
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
