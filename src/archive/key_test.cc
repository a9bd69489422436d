#include "archive/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "base/time_text.h"

namespace nats3::archive {
namespace {

using ::testing::HasSubstr;

Timestamp at(std::int64_t nanoseconds) { return Timestamp{std::chrono::nanoseconds{nanoseconds}}; }

const StreamLocation kLocation{"backups/nats", "ORDERS"};
constexpr std::string_view kEpoch = "20261124T015425.123456789Z";
const ChunkName kName{.first = 1,
                      .last = 1'000,
                      .time_min = at(1'795'485'265'123'456'789),
                      .time_max = at(1'795'485'270'000'000'000),
                      .count = 900,
                      .encoding = Encoding::kJson};
constexpr std::string_view kNameText =
    "00000000000000000001-00000000000000001000-1795485265123456789-1795485270000000000-900.ndjson."
    "zst";

TEST(KeyTest, AreWhatTheFormatSays) {
  EXPECT_EQ(stream_folder(kLocation), "backups/nats/ORDERS/");
  EXPECT_EQ(stream_folder({"", "ORDERS"}), "ORDERS/");
  EXPECT_EQ(description_key(kLocation, kEpoch),
            "backups/nats/ORDERS/20261124T015425.123456789Z/stream.json");
  EXPECT_TRUE(index_key(kLocation, kEpoch, "orders.>").ends_with("/orders.%3E/index.bin"));
  EXPECT_EQ(watermark_key(kLocation, kEpoch, "orders.>"),
            "backups/nats/ORDERS/20261124T015425.123456789Z/orders.%3E/watermark.json");
  EXPECT_EQ(chunk_key(kLocation, kEpoch, "orders.>", kName),
            "backups/nats/ORDERS/20261124T015425.123456789Z/orders.%3E/" + std::string(kNameText));
}

TEST(KeyTest, ChunkNamesSortBySequence) {
  ChunkName later = kName;
  later.first = 10;
  EXPECT_LT(to_string(kName), to_string(later));
  later.first = later.last = ~std::uint64_t{0};
  later.count = 1;
  EXPECT_LT(to_string(kName), to_string(later));
  EXPECT_LT(to_string(later), "watermark.json");
}

TEST(KeyTest, ListFromFindsTheChunkThatBeginsThere) {
  const std::string from = list_chunks_from(kLocation, kEpoch, "a", kName.first);
  EXPECT_LT(from, chunk_key(kLocation, kEpoch, "a", kName));
  EXPECT_GT(list_chunks_from(kLocation, kEpoch, "a", kName.first + 1),
            chunk_key(kLocation, kEpoch, "a", kName));
}

RC_GTEST_PROP(KeyProperties, ChunkNamesAreReadBack,
              (std::uint64_t a, std::uint64_t b, std::int64_t t, std::int64_t u, std::uint64_t n)) {
  ChunkName name;
  name.first = std::max<std::uint64_t>(std::min(a, b), 1);
  name.last = std::max(name.first, std::max(a, b));
  name.time_min = at(std::min(t, u));
  name.time_max = at(std::max(t, u));
  name.count = 1 + std::min(n, name.last - name.first);
  const auto read = parse_chunk_name(to_string(name));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == name);
}

TEST(KeyTest, ForeignNamesAreNoChunks) {
  ASSERT_TRUE(parse_chunk_name(kNameText));
  for (const std::string_view text : {
           "",
           "watermark.json",
           "stream.json",
           "1795485265-900.json",
           ".bin.zst",
           "----.bin.zst",
           "1-1000-0-0-900.bin.zst",  // not padded
           "00000000000000000001-00000000000000001000-0-0-900.bin",
           "00000000000000000001-00000000000000001000-0-0-900.bin.zst.tmp",
           "00000000000000000001-00000000000000001000-0-0-900-1.bin.zst",
           "00000000000000000001-00000000000000001000-0-0.bin.zst",
           "00000000000000000001-00000000000000001000-1-0-900.bin.zst",   // times
           "00000000000000000001-00000000000000001000-0-0-1001.bin.zst",  // more than fit
           "00000000000000000001-00000000000000001000-0-0-0.bin.zst",     // none
           "00000000000000000002-00000000000000000001-0-0-1.bin.zst",     // order
           "00000000000000000000-00000000000000000001-0-0-1.bin.zst",     // sequence 0
           "00000000000000000001-00000000000000001000-00-0-900.bin.zst",
           "00000000000000000001-00000000000000001000--0-0-900.bin.zst",
           "00000000000000000001-00000000000000001000-+1-1-900.bin.zst",
           "00000000000000000001-00000000000000001000-0-0-0900.bin.zst",
           "00000000000000000001-18446744073709551616-0-0-900.bin.zst",  // overflow
           "00000000000000000001-00000000000000001000-0-9223372036854775808-900.bin.zst",
           "0x000000000000000001-00000000000000001000-0-0-900.bin.zst",
           "00000000000000000001-00000000000000001000-0-0-9 0.bin.zst",
       }) {
    const auto name = parse_chunk_name(text);
    EXPECT_FALSE(name) << text;
  }
}

TEST(KeyTest, TimesBefore1970HaveASign) {
  ChunkName name = kName;
  name.time_min = at(-5);
  name.time_max = at(-3);
  EXPECT_THAT(to_string(name), HasSubstr("1000--5--3-900"));
  EXPECT_EQ(parse_chunk_name(to_string(name)).value(), name);
}

TEST(KeyTest, FilterIsOnePartOfAKey) {
  EXPECT_EQ(filter_component("orders.>"), "orders.%3E");
  EXPECT_EQ(filter_component("*.a b/c~é"), "%2A.a%20b%2Fc%7E%C3%A9");
  EXPECT_EQ(filter_component("."), "%2E");
  EXPECT_EQ(filter_component(".."), "%2E%2E");
  EXPECT_EQ(filter_component("..."), "...");
}

TEST(KeyTest, FilterNamedLikeTheDescriptionIsNoFolderInItsPlace) {
  EXPECT_EQ(filter_component("stream.json"), "%73tream.json");
  EXPECT_EQ(decode_component("%73tream.json").value(), "stream.json");
}

TEST(KeyTest, LongFiltersAreCutAndStayDifferent) {
  const std::string stem(300, 'x');
  const std::string a = filter_component(stem + "a");
  EXPECT_EQ(a.size(), 160 + 1 + 32u);
  EXPECT_EQ(a.substr(0, 161), stem.substr(0, 160) + "~");
  EXPECT_NE(a, filter_component(stem + "b"));
  EXPECT_FALSE(decode_component(a));
  EXPECT_EQ(filter_component(std::string(200, 'x')), std::string(200, 'x'));
  EXPECT_EQ(filter_component(std::string(201, 'x')).size(), 193u);
}

TEST(KeyTest, CutNeverSplitsAPercentEscape) {
  for (const std::size_t before : {157, 158, 159, 160}) {
    const std::string name = encode_component(std::string(before, 'x') + std::string(100, '*'));
    const std::string kept = name.substr(0, name.find('~'));
    EXPECT_LE(kept.size(), 160u);
    EXPECT_EQ((kept.size() - before) % 3, 0u) << name;
  }
  EXPECT_EQ(encode_component(std::string(100, '*')).find('~'), 159u);
}

RC_GTEST_PROP(KeyProperties, ComponentsAreReadBackOrCut, (const std::string& text)) {
  const std::string component = filter_component(text);
  RC_ASSERT(component.size() <= 200u);
  RC_ASSERT(component.find('/') == std::string::npos);
  RC_ASSERT(component != "." && component != "..");
  const auto back = decode_component(component);
  RC_ASSERT((back ? *back == text : component.find('~') != std::string::npos));
}

TEST(KeyTest, ComponentsInAnotherFormAreRefused) {
  for (const std::string_view component : {"%zz", "%", "a%2", "%61", "a b", "%3e", "a/b", "%7E~"}) {
    EXPECT_FALSE(decode_component(component)) << component;
  }
}

TEST(KeyTest, EpochNamesSortByTimeThenOrdinal) {
  const EpochName first{at(1'795'485'265'123'456'789)};
  EXPECT_EQ(to_string(first), kEpoch);
  const EpochName second{first.created, 2};
  const EpochName later{first.created + std::chrono::nanoseconds{1}};
  EXPECT_EQ(to_string(second), "20261124T015425.123456789Z-0002");
  EXPECT_LT(to_string(first), to_string(second));
  EXPECT_LT(to_string(second), to_string(later));
  for (const EpochName& name : {first, second, later}) {
    EXPECT_EQ(parse_epoch_name(to_string(name)).value(), name);
  }
}

TEST(KeyTest, OtherNamesAreNoEpochs) {
  for (const std::string_view text :
       {"", "orders.eu", "20261124T015425.123456789", "20261124T015425.12345678Z",
        "20261324T015425.123456789Z", "20261124T015425.123456789Z-1",
        "20261124T015425.123456789Z-0001", "20261124T015425.123456789Z-0000",
        "20261124T015425.123456789Z-10000", "20261124T015425.123456789Z-",
        "20261124T015425.123456789Zx0002", "20261124t015425.123456789Z",
        "2026-11-24T01:54:25.123456789Z"}) {
    EXPECT_FALSE(parse_epoch_name(text)) << text;
  }
}

TEST(KeyTest, ChunkKeysAreReadBack) {
  const auto location = parse_chunk_key(kLocation, chunk_key(kLocation, kEpoch, "orders.>", kName));
  ASSERT_TRUE(location) << location.error().message;
  EXPECT_EQ(location->epoch, kEpoch);
  EXPECT_EQ(location->filter_component, "orders.%3E");
  EXPECT_EQ(location->name, kName);
}

TEST(KeyTest, OtherKeysAreNoChunks) {
  const std::string folder = "backups/nats/ORDERS/";
  for (const std::string& key :
       {std::string(), std::string(kNameText), folder + std::string(kNameText),
        folder + std::string(kEpoch) + "/" + std::string(kNameText),
        folder + std::string(kEpoch) + "//" + std::string(kNameText),
        folder + std::string(kEpoch) + "/a/b/" + std::string(kNameText),
        folder + "orders.>/1795485265-900.json",  // a chunk of version 1
        "ORDERS/" + std::string(kEpoch) + "/a/" + std::string(kNameText),
        description_key(kLocation, kEpoch), watermark_key(kLocation, kEpoch, "a")}) {
    EXPECT_FALSE(parse_chunk_key(kLocation, key)) << key;
  }
}

std::string flaw_of(const StreamLocation& location) {
  const auto checked = check_location(location);
  return checked ? "none" : checked.error().message;
}

TEST(KeyTest, LocationsThatCannotBeAreRefused) {
  EXPECT_EQ(flaw_of({"", "S"}), "none");
  EXPECT_EQ(flaw_of({"a b/é", "S"}), "none");
  EXPECT_THAT(flaw_of({"", ""}), HasSubstr("stream"));
  EXPECT_THAT(flaw_of({"a//b", "S"}), HasSubstr("prefix 'a//b'"));
  EXPECT_THAT(flaw_of({"/a", "S"}), HasSubstr("can't be a part"));
  EXPECT_THAT(flaw_of({"a/", "S"}), HasSubstr("slash"));
  EXPECT_THAT(flaw_of({"/", "S"}), HasSubstr("slash"));
  EXPECT_THAT(flaw_of({"a/../b", "S"}), HasSubstr("'..'"));
  EXPECT_THAT(flaw_of({"./b", "S"}), HasSubstr("'.'"));
  EXPECT_THAT(flaw_of({"a\nb", "S"}), HasSubstr("control"));
  EXPECT_THAT(flaw_of({"a\x7f", "S"}), HasSubstr("control"));
  EXPECT_THAT(flaw_of({"a\xff", "S"}), HasSubstr("UTF-8"));
  EXPECT_THAT(flaw_of({std::string(256, 'x'), "S"}), HasSubstr("255"));
  EXPECT_THAT(flaw_of({std::string(200, 'x') + "/" + std::string(200, 'x'), "S"}),
              HasSubstr("400"));
}

TEST(KeyTest, TheLongestKeyFits) {
  const StreamLocation location{std::string(200, 'p') + "/" + std::string(199, 'p'),
                                std::string(255, '*')};
  ASSERT_TRUE(check_location(location));
  const std::string epoch = to_string(EpochName{Timestamp::max(), 9'999});
  ChunkName name{.first = 1, .last = ~std::uint64_t{0}, .count = ~std::uint64_t{0}};
  name.time_min = Timestamp::min();
  name.time_max = Timestamp::min();
  EXPECT_LE(chunk_key(location, epoch, std::string(200, 'x'), name).size(), 1'024u);
  EXPECT_LE(chunk_key(location, epoch, std::string(5'000, '*'), name).size(), 1'024u);
}

}  // namespace
}  // namespace nats3::archive
