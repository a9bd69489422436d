// What every ObjectStore must do, as tests: run them on an implementation by giving its factory to
// INSTANTIATE_TEST_SUITE_P(..., ObjectStoreContract, ...).
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "object/object_store.h"

namespace nats3::object {

struct ContractSubject {
  std::string name;
  // A provider to test, or null with the reason in `skip`.
  std::function<std::shared_ptr<ObjectStoreProvider>(std::string& skip)> make;
  // How many random cases a property is tried on: real servers take their time.
  int property_cases = 100;

  friend std::ostream& operator<<(std::ostream& out, const ContractSubject& subject) {
    return out << subject.name;
  }
};

class ObjectStoreContract : public testing::TestWithParam<ContractSubject> {
 protected:
  void SetUp() override;
  // Removes what the test has put, so that a bucket of a real server is left empty.
  void TearDown() override;

  [[nodiscard]] ObjectStore& store() { return *store_; }
  [[nodiscard]] ObjectStoreProvider& provider() { return *provider_; }
  // A key of this test.
  [[nodiscard]] std::string key(const std::string& name) const { return prefix_ + name; }
  [[nodiscard]] const std::string& prefix() const { return prefix_; }

  void put(const std::string& name, std::string_view body = "x");
  // All pages of `query`, with the test's prefix before its own and taken off what comes back.
  // Prefixes and keys are merged in order.
  [[nodiscard]] std::vector<std::string> list_all(ListQuery query);

 private:
  std::shared_ptr<ObjectStoreProvider> provider_;
  std::shared_ptr<ObjectStore> store_;
  std::string prefix_;
};

// The bucket that the contract's tests share.
inline constexpr const char* kContractBucket = "nats3-contract";

// Names the instances after their subjects.
[[nodiscard]] std::string subject_name(const testing::TestParamInfo<ContractSubject>& info);

}  // namespace nats3::object
