// The contract of an ObjectStore: listings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/contract/error_of.h"
#include "tests/contract/object_store_contract.h"

namespace nats3::object {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

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

}  // namespace
}  // namespace nats3::object
