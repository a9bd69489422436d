// The contract of an ObjectStore: many threads at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/contract/object_store_contract.h"

namespace nats3::object {
namespace {

using testing::IsEmpty;

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

}  // namespace
}  // namespace nats3::object
