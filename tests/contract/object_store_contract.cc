#include "tests/contract/object_store_contract.h"

#include <algorithm>

#include "base/uuid.h"

namespace nats3::object {

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
  ASSERT_TRUE(done) << done.error().message;
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

}  // namespace nats3::object
