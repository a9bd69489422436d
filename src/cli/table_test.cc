#include "cli/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/text_width.h"

namespace nats3::cli {
namespace {

TEST(TextWidth, CountsColumnsNotBytes) {
  EXPECT_EQ(text_width(""), 0U);
  EXPECT_EQ(text_width("abc"), 3U);
  EXPECT_EQ(text_width("größe"), 5U);
  EXPECT_EQ(text_width("日本"), 4U);
  EXPECT_EQ(text_width("e\xCC\x81"), 1U);  // e and a combining accent
  EXPECT_EQ(text_width("😀"), 2U);
  EXPECT_EQ(text_width("\xff\xfe"), 2U);
  EXPECT_EQ(text_width("\xe6\x97"), 2U);  // the beginning of a letter
}

TEST(TextWidth, CutsBetweenLetters) {
  EXPECT_EQ(cut_to_width("abcdef", 6), "abcdef");
  EXPECT_EQ(cut_to_width("abcdef", 4), "abc…");
  EXPECT_EQ(cut_to_width("日本語", 5), "日本…");
  EXPECT_EQ(cut_to_width("日本語", 4), "日…");
  EXPECT_EQ(cut_to_width("abc", 1), "…");
  EXPECT_EQ(cut_to_width("abc", 0), "");
}

TEST(TextWidth, NothingThatMovesTheCursorIsLeft) {
  EXPECT_EQ(printable("a\x1b[31mb\r\n\tc\x7f"), "a [31mb   c ");
  EXPECT_EQ(printable("\xc2\x9b"), " ");  // the one-letter form of ESC [
  const std::string right_to_left{'\xe2', '\x80', '\xae'};
  EXPECT_EQ(printable("a" + right_to_left + "b"), "a b");
  EXPECT_EQ(printable("\xff"), "?");
  EXPECT_EQ(printable("größe 日本"), "größe 日本");
}

Table people() {
  Table table({{"NAME"}, {"COUNT", Align::kRight, Fit::kWhole}, {"NOTE"}});
  table.add_row({{"日本"}, {"7"}, {"x"}});
  table.add_row({{"größer"}, {"1,234"}, {""}});
  return table;
}

TEST(Table, AlignsByWhatIsSeen) {
  EXPECT_EQ(people().text({}),
            "NAME    COUNT  NOTE\n"
            "日本        7  x\n"
            "größer  1,234\n");
}

TEST(Table, CutsIdsBeforeOthersAndOnlyAsFarAsTheyDiffer) {
  Table table({{"ID", Align::kLeft, Fit::kId}, {"NAME"}});
  table.add_row({{"0123456789-a"}, {"a name"}});
  table.add_row({{"x123456789-b"}, {"another"}});
  EXPECT_THAT(table.text({.max_width = 21}), ::testing::HasSubstr("0123456789-a  a name\n"));
  EXPECT_EQ(table.text({.max_width = 20}),
            "ID        NAME\n"
            "01234567  a name\n"
            "x1234567  another\n");
  table.add_row({{"0123456788-a"}, {"third"}});
  EXPECT_THAT(table.text({.max_width = 20}), ::testing::HasSubstr("\n0123456788  third\n"));
}

TEST(Table, CutsTheWidestColumnsThatMayBeCut) {
  Table table({{"ID", Align::kLeft, Fit::kWhole}, {"A"}, {"B"}});
  table.add_row({{"0123456789"}, {"aaaaaaaaaaaaaaaaaaaa"}, {"bbbbbbbb"}});
  const std::string text = table.text({.max_width = 30});
  EXPECT_EQ(text,
            "ID          A         B\n"
            "0123456789  aaaaaaa…  bbbbbbbb\n");
  EXPECT_THAT(table.text({.max_width = 10}), ::testing::HasSubstr("0123456789  aaaaa…  bbbbb…"));
}

TEST(Table, EmptyColumnsCanBeLeftOut) {
  Table table({{"A"}, {"B"}});
  table.add_row({{"1"}, {""}});
  table.drop_if_empty("B");
  table.drop_if_empty("A");
  table.drop_if_empty("no such");
  EXPECT_EQ(table.text({}), "A\n1\n");
}

TEST(Table, ColorsDontMoveColumns) {
  Table table({{"A"}, {"B"}});
  table.add_row({{"x", Color::kRed}, {"y"}});
  EXPECT_EQ(table.text({.colors = true}),
            "\x1b[1mA\x1b[0m  \x1b[1mB\x1b[0m\n\x1b[31mx\x1b[0m  y\n");
}

TEST(Table, ALineFeedInACellStaysOneLine) {
  Table table({{"A"}});
  table.add_row({{"a\nb"}});
  EXPECT_EQ(table.text({}), "A\na b\n");
}

}  // namespace
}  // namespace nats3::cli
