#include "tests/contract/object_store_contract.h"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "base/uuid.h"
#include "object/memory/memory_store.h"

namespace nats3::object {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

template <typename T>
ErrorCode code_of(const Result<T>& result) {
  EXPECT_FALSE(result) << "expected an error";
  return result ? ErrorCode::kInternal : result.error().code;
}

template <typename T>
std::string message_of(const Result<T>& result) {
  return result ? "" : result.error().message;
}

std::string all_bytes() {
  std::string bytes;
  for (int i = 0; i < 1024; ++i) {
    bytes += static_cast<char>(i);
  }
  return bytes;
}

const std::vector<std::string> kOddNames = {
    "a b",      "a+b",         "a=b&c=d", "fix.>", "fix.*",     "100%",       "%2F",
    "~user",    "a%20b",       "käse",    "日本",  "a'b\"c",    "<key>&amp;", "a;b:c@d!e$f,g",
    "(a)[b]{}", "back\\slash", "#frag?q", "...",   ".hidden/x", " edge ",     "a|b^c`d"};

const std::vector<std::string> kBadKeys = {"",
                                           "/a",
                                           "a/",
                                           "a//b",
                                           "..",
                                           "../a",
                                           "a/../b",
                                           "a/..",
                                           ".",
                                           "a/./b",
                                           "a\nb",
                                           "a\x7f"
                                           "b",
                                           "a\x01",
                                           std::string("a\0b", 3),
                                           "\xff",
                                           "\xc0\xaf",
                                           "\xed\xa0\x80",
                                           std::string(1025, 'k')};

}  // namespace

void ObjectStoreContract::SetUp() {
  std::string skip;
  provider_ = GetParam().make(skip);
  if (!provider_) {
    GTEST_SKIP() << skip;
  }
  auto opened = provider_->open(kContractBucket, IfMissing::kCreate);
  ASSERT_TRUE(opened) << opened.error().message;
  store_ = std::move(*opened);
  prefix_ = make_uuid() + "/";
}

void ObjectStoreContract::TearDown() {
  if (!store_) {
    return;
  }
  for (const std::string& name : list_all({})) {
    EXPECT_TRUE(store_->remove(key(name)));
  }
}

void ObjectStoreContract::put(const std::string& name, std::string_view body) {
  const auto done = store_->put(key(name), body);
  ASSERT_TRUE(done) << message_of(done);
}

std::vector<std::string> ObjectStoreContract::list_all(ListQuery query) {
  query.prefix = prefix_ + query.prefix;
  if (!query.start_after.empty()) {
    query.start_after = prefix_ + query.start_after;
  }
  std::vector<std::string> names;
  for (int pages = 0; pages < 10'000; ++pages) {
    auto page = store_->list(query);
    if (!page) {
      ADD_FAILURE() << page.error().message;
      return names;
    }
    std::vector<std::string> found = page->common_prefixes;
    for (const ObjectInfo& object : page->objects) {
      found.push_back(object.key);
    }
    EXPECT_LE(found.size(), query.limit);
    std::ranges::sort(found);
    for (const std::string& name : found) {
      EXPECT_TRUE(name.starts_with(prefix_)) << name;
      names.push_back(name.substr(std::min(name.size(), prefix_.size())));
    }
    if (page->next_token.empty()) {
      return names;
    }
    query.token = page->next_token;
  }
  ADD_FAILURE() << "a listing that never ends";
  return names;
}

std::string subject_name(const testing::TestParamInfo<ContractSubject>& info) {
  return info.param.name;
}

TEST_P(ObjectStoreContract, GivesBackWhatWasPut) {
  for (const std::string& body : {std::string("hello"), std::string(), all_bytes(),
                                  std::string(1 << 20, 'z') + all_bytes()}) {
    put("a", body);
    EXPECT_EQ(store().get(key("a")), body);
  }
}

TEST_P(ObjectStoreContract, PutReplacesTheWholeObject) {
  put("a", "a long first version");
  put("a", "short");
  EXPECT_EQ(store().get(key("a")), "short");
  EXPECT_EQ(store().head(key("a"))->size, 5U);
}

TEST_P(ObjectStoreContract, PuttingTheSameAgainIsHarmless) {
  put("a", "same");
  put("a", "same");
  EXPECT_EQ(store().get(key("a")), "same");
  EXPECT_THAT(list_all({}), ElementsAre("a"));
}

TEST_P(ObjectStoreContract, WhatIsMissingIsNotFound) {
  put("a/b");
  for (const std::string name : {"missing", "a", "a/b/c", "a/bb", "missing/too"}) {
    EXPECT_EQ(code_of(store().get(key(name))), ErrorCode::kNotFound) << name;
    EXPECT_EQ(code_of(store().get(key(name), ByteRange{0, 1})), ErrorCode::kNotFound) << name;
    EXPECT_EQ(code_of(store().head(key(name))), ErrorCode::kNotFound) << name;
  }
  EXPECT_THAT(message_of(store().get(key("missing"))), HasSubstr("missing"));
}

TEST_P(ObjectStoreContract, GivesRangesClampedToTheEnd) {
  put("a", "0123456789");
  const auto get = [&](std::uint64_t offset, std::optional<std::uint64_t> length) {
    return store().get(key("a"), ByteRange{offset, length});
  };
  EXPECT_EQ(get(0, 4), "0123");
  EXPECT_EQ(get(3, 4), "3456");
  EXPECT_EQ(get(9, 1), "9");
  EXPECT_EQ(get(0, 10), "0123456789");
  EXPECT_EQ(get(7, 100), "789");
  EXPECT_EQ(get(7, UINT64_MAX), "789");
  EXPECT_EQ(get(7, std::nullopt), "789");
  EXPECT_EQ(get(0, std::nullopt), "0123456789");
  EXPECT_EQ(get(4, 0), "");
}

TEST_P(ObjectStoreContract, RangesBeyondTheEndAreInvalid) {
  put("a", "0123456789");
  EXPECT_EQ(code_of(store().get(key("a"), ByteRange{10, 1})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(store().get(key("a"), ByteRange{10, {}})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(store().get(key("a"), ByteRange{10, 0})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(store().get(key("a"), ByteRange{1'000'000, 5})), ErrorCode::kInvalid);
}

TEST_P(ObjectStoreContract, AnEmptyObjectHasNoRange) {
  put("a", "");
  EXPECT_EQ(store().get(key("a")), "");
  EXPECT_EQ(store().head(key("a"))->size, 0U);
  EXPECT_EQ(code_of(store().get(key("a"), ByteRange{0, {}})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(store().get(key("a"), ByteRange{0, 1})), ErrorCode::kInvalid);
}

TEST_P(ObjectStoreContract, HeadGivesKeyAndSize) {
  put("a/b", all_bytes());
  const auto info = store().head(key("a/b"));
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->key, key("a/b"));
  EXPECT_EQ(info->size, 1024U);
}

TEST_P(ObjectStoreContract, RemovingTwiceSucceeds) {
  put("a/b");
  EXPECT_TRUE(store().remove(key("a/b")));
  EXPECT_TRUE(store().remove(key("a/b")));
  EXPECT_TRUE(store().remove(key("never/was")));
  EXPECT_EQ(code_of(store().get(key("a/b"))), ErrorCode::kNotFound);
}

TEST_P(ObjectStoreContract, RemovingOneLeavesItsNeighbours) {
  put("a/b");
  put("a/c");
  put("a-b");
  EXPECT_TRUE(store().remove(key("a/b")));
  EXPECT_TRUE(store().remove(key("a")));
  EXPECT_THAT(list_all({}), ElementsAre("a-b", "a/c"));
}

TEST_P(ObjectStoreContract, WhatIsRemovedLeavesNoPrefixBehind) {
  put("a/b/c");
  put("z");
  EXPECT_TRUE(store().remove(key("a/b/c")));
  EXPECT_THAT(list_all({.delimiter = "/"}), ElementsAre("z"));
  put("a");  // nor anything that would be in the way
  EXPECT_THAT(list_all({.delimiter = "/"}), ElementsAre("a", "z"));
}

TEST_P(ObjectStoreContract, TakesOddNames) {
  for (const std::string& name : kOddNames) {
    put(name, "body of " + name);
  }
  for (const std::string& name : kOddNames) {
    EXPECT_EQ(store().get(key(name)), "body of " + name);
    EXPECT_EQ(store().get(key(name), ByteRange{0, 4}), "body") << name;
    EXPECT_EQ(store().head(key(name)).map(&ObjectInfo::size), name.size() + 8) << name;
    EXPECT_THAT(list_all({.prefix = name}), testing::Contains(name));
  }
  auto sorted = kOddNames;
  std::ranges::sort(sorted);
  EXPECT_EQ(list_all({}), sorted);
  EXPECT_EQ(list_all({.limit = 2}), sorted);
  for (const std::string& name : kOddNames) {
    EXPECT_TRUE(store().remove(key(name))) << name;
  }
  EXPECT_THAT(list_all({}), IsEmpty());
}

TEST_P(ObjectStoreContract, TakesTheLongestKey) {
  std::string name;
  while (prefix().size() + name.size() < 1024 - 201) {
    name += std::string(200, 'k') + "/";
  }
  name += std::string(1024 - prefix().size() - name.size(), 'k');
  ASSERT_EQ(key(name).size(), 1024U);
  put(name, "long");
  EXPECT_EQ(store().get(key(name)), "long");
  EXPECT_THAT(list_all({}), ElementsAre(name));
}

TEST_P(ObjectStoreContract, RefusesKeysThatAreNone) {
  for (const std::string& bad : kBadKeys) {
    EXPECT_EQ(code_of(store().put(bad, "x")), ErrorCode::kInvalid) << bad;
    EXPECT_EQ(code_of(store().get(bad)), ErrorCode::kInvalid) << bad;
    EXPECT_EQ(code_of(store().head(bad)), ErrorCode::kInvalid) << bad;
    EXPECT_EQ(code_of(store().remove(bad)), ErrorCode::kInvalid) << bad;
  }
}

TEST_P(ObjectStoreContract, ListsInOrderOfTheKeysBytes) {
  const std::vector<std::string> names = {"B",    "a!", "a-b", "a.b", "a/b", "a/b-c", "a/c/d",
                                          "a/c0", "a0", "aé",  "b/a", "~",   "é/é"};
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    put(*name);
  }
  for (const std::size_t limit : {1, 2, 3, 5, 1000}) {
    EXPECT_EQ(list_all({.limit = limit}), names) << limit;
  }
}

TEST_P(ObjectStoreContract, ListsSizes) {
  put("a", "");
  put("b/c", "12345");
  const auto page = store().list({.prefix = prefix()});
  ASSERT_TRUE(page) << page.error().message;
  ASSERT_EQ(page->objects.size(), 2U);
  EXPECT_EQ(page->objects[0].size, 0U);
  EXPECT_EQ(page->objects[1].size, 5U);
  EXPECT_EQ(page->next_token, "");
}

TEST_P(ObjectStoreContract, ListsByPrefixOfCharactersNotOfComponents) {
  for (const std::string name : {"ab-c", "ab/c", "abc", "b"}) {
    put(name);
  }
  EXPECT_THAT(list_all({.prefix = "ab"}), ElementsAre("ab-c", "ab/c", "abc"));
  EXPECT_THAT(list_all({.prefix = "ab/"}), ElementsAre("ab/c"));
  EXPECT_THAT(list_all({.prefix = "abcd"}), IsEmpty());
  EXPECT_THAT(list_all({.prefix = "ab/c/"}), IsEmpty());
}

TEST_P(ObjectStoreContract, ListsWhatComesAfterAKey) {
  for (const std::string name : {"a", "b/1", "b/2", "c/1/x", "d"}) {
    put(name);
  }
  EXPECT_THAT(list_all({.start_after = "b/1"}), ElementsAre("b/2", "c/1/x", "d"));
  EXPECT_THAT(list_all({.start_after = "b/10"}), ElementsAre("b/2", "c/1/x", "d"));
  EXPECT_THAT(list_all({.start_after = "b"}), ElementsAre("b/1", "b/2", "c/1/x", "d"));
  EXPECT_THAT(list_all({.start_after = "c/1/x"}), ElementsAre("d"));
  EXPECT_THAT(list_all({.start_after = "d"}), IsEmpty());
  EXPECT_THAT(list_all({.prefix = "b/", .start_after = "b/1"}), ElementsAre("b/2"));
  EXPECT_THAT(list_all({.prefix = "c/", .start_after = "a"}), ElementsAre("c/1/x"));
  EXPECT_THAT(list_all({.prefix = "a", .start_after = "c"}), IsEmpty());
}

TEST_P(ObjectStoreContract, FoldsByDelimiter) {
  for (const std::string name : {"a-b", "a/b", "a/c/d", "b", "c/d"}) {
    put(name);
  }
  for (const std::size_t limit : {1, 2, 1000}) {
    EXPECT_THAT(list_all({.delimiter = "/", .limit = limit}), ElementsAre("a-b", "a/", "b", "c/"))
        << limit;
    EXPECT_THAT(list_all({.prefix = "a/", .delimiter = "/", .limit = limit}),
                ElementsAre("a/b", "a/c/"))
        << limit;
    EXPECT_THAT(list_all({.prefix = "a", .delimiter = "/", .limit = limit}),
                ElementsAre("a-b", "a/"))
        << limit;
  }
}

TEST_P(ObjectStoreContract, ListsMoreThanAPage) {
  constexpr int kObjects = 1010;
  constexpr int kThreads = 8;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = thread; i < kObjects; i += kThreads) {
        put("n/" + std::to_string(10'000 + i), "");
      }
    });
  }
  threads.clear();
  const auto page = store().list({.prefix = prefix()});
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->objects.size(), 1000U);
  EXPECT_NE(page->next_token, "");
  const auto names = list_all({});
  ASSERT_EQ(names.size(), std::size_t{kObjects});
  EXPECT_EQ(names.front(), "n/10000");
  EXPECT_EQ(names.back(), "n/11009");
  EXPECT_TRUE(std::ranges::is_sorted(names));
  EXPECT_THAT(list_all({.delimiter = "/"}), ElementsAre("n/"));
}

TEST_P(ObjectStoreContract, RefusesQueriesItCannotAnswer) {
  EXPECT_EQ(code_of(store().list({.limit = 0})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(store().list({.limit = 1001})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(store().list({.delimiter = "-"})), ErrorCode::kInvalid);
}

// Any keys, any query: the same answer as from a sorted set.
TEST_P(ObjectStoreContract, ListsAsASortedSetWould) {
  // Few letters, chosen around '/', so that names collide, nest and sort oddly.
  const auto component = rc::gen::resize(
      3,
      rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(std::string("a-0")))));
  const auto some_key = rc::gen::map(
      rc::gen::resize(3,
                      rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(component))),
      [](const std::vector<std::string>& parts) {
        std::string text;
        for (const std::string& part : parts) {
          text += (text.empty() ? "" : "/") + part;
        }
        return text;
      });
  const auto cut = [](const std::string& text) {
    return text.substr(0, *rc::gen::inRange<std::size_t>(0, text.size() + 1));
  };
  rc::detail::TestParams params;
  params.maxSuccess = GetParam().property_cases;
  const auto result = rc::detail::checkTestable(
      [&] {
        const auto keys = *rc::gen::resize(12, rc::gen::container<std::set<std::string>>(some_key));
        // A folder store can't have a key that is also the folder of another.
        std::set<std::string> names;
        for (const std::string& name : keys) {
          const auto next = keys.lower_bound(name + "/");
          if (next == keys.end() || !next->starts_with(name + "/")) {
            names.insert(name);
          }
        }
        for (const std::string& name : names) {
          put(name);
        }
        ListQuery query;
        query.prefix = cut(*some_key);
        query.limit = *rc::gen::inRange<std::size_t>(1, 5);
        if (*rc::gen::arbitrary<bool>()) {
          query.delimiter = "/";
        } else if (*rc::gen::arbitrary<bool>()) {
          query.start_after = *some_key;
        }
        std::set<std::string> expected;
        for (const std::string& name : names) {
          if (name.starts_with(query.prefix) && name > query.start_after) {
            const std::size_t slash =
                query.delimiter.empty() ? name.npos : name.find('/', query.prefix.size());
            expected.insert(slash == name.npos ? name : name.substr(0, slash + 1));
          }
        }
        const auto listed = list_all(query);
        for (const std::string& name : names) {
          RC_ASSERT(store().remove(key(name)).has_value());
        }
        RC_ASSERT(listed == std::vector<std::string>(expected.begin(), expected.end()));
      },
      rc::detail::TestMetadata{}, params);
  std::ostringstream text;
  rc::detail::printResultMessage(result, text);
  EXPECT_TRUE(result.template is<rc::detail::SuccessResult>()) << text.str();
}

TEST_P(ObjectStoreContract, ReadersSeeWholeObjectsWhileTheyAreReplaced) {
  const std::string one(200'000, '1');
  const std::string two(300'000, '2');
  put("a", one);
  std::atomic<bool> done = false;
  std::jthread writer([&] {
    for (int i = 0; i < 20; ++i) {
      put("a", i % 2 == 0 ? two : one);
    }
    done = true;
  });
  int reads = 0;
  while (!done || reads == 0) {
    const auto body = store().get(key("a"));
    ASSERT_TRUE(body) << body.error().message;
    ASSERT_TRUE(*body == one || *body == two) << body->size();
    ++reads;
  }
}

TEST_P(ObjectStoreContract, ManyThreadsPutAndRemoveSideBySide) {
  constexpr int kThreads = 4;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 25; ++i) {
        // All in one folder, which comes and goes.
        const std::string name = "folder/sub/" + std::to_string(thread);
        put(name, name);
        EXPECT_EQ(store().get(key(name)), name);
        EXPECT_TRUE(store().remove(key(name)));
      }
    });
  }
  threads.clear();
  EXPECT_THAT(list_all({}), IsEmpty());
}

TEST_P(ObjectStoreContract, OpeningABucketTwiceShowsTheSame) {
  put("a", "shared");
  const auto again = provider().open(kContractBucket, IfMissing::kFail);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ((*again)->get(key("a")), "shared");
  EXPECT_TRUE(provider().open(kContractBucket, IfMissing::kCreate));
}

TEST_P(ObjectStoreContract, AMissingBucketIsNotFound) {
  const auto opened = provider().open("nats3-no-such-bucket", IfMissing::kFail);
  EXPECT_EQ(code_of(opened), ErrorCode::kNotFound);
  EXPECT_THAT(message_of(opened), HasSubstr("nats3-no-such-bucket"));
}

TEST_P(ObjectStoreContract, RefusesBucketsThatAreNone) {
  for (const std::string bad :
       {"", "ab", "..", "../x", "a/b", "/abc", "a..b", "-abc", ".abc", "a b", "a\nb", "bückét"}) {
    EXPECT_EQ(code_of(provider().open(bad, IfMissing::kCreate)), ErrorCode::kInvalid) << bad;
  }
  EXPECT_EQ(code_of(provider().open(std::string(64, 'b'), IfMissing::kCreate)),
            ErrorCode::kInvalid);
}

}  // namespace nats3::object
