// The contract on the stores that need no server: memory, a folder, and both behind faults and
// retries, which together must be indistinguishable from a store without either.
#include "tests/contract/object_store_contract.h"

#include <cstdlib>
#include <filesystem>

#include "object/faulty.h"
#include "object/file/file_store.h"
#include "object/memory/memory_store.h"
#include "object/retrying.h"

namespace nats3::object {
namespace {

// A folder for one provider, removed with it.
std::shared_ptr<ObjectStoreProvider> make_temporary_file_provider() {
  std::string folder = (std::filesystem::temp_directory_path() / "nats3-contract-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) {
    return nullptr;
  }
  auto provider = make_file_provider({.root = folder + "/root"});
  ObjectStoreProvider* const plain = provider.get();
  return {plain, [provider = std::move(provider), folder](ObjectStoreProvider*) {
            std::error_code ignored;
            std::filesystem::remove_all(folder, ignored);
          }};
}

// Half of all calls fail, or lose their answer.
std::shared_ptr<ObjectStoreProvider> with_faults(std::shared_ptr<ObjectStoreProvider> inner) {
  const RetryOptions patient{
      .backoff = {.first = std::chrono::milliseconds{1}, .cap = std::chrono::milliseconds{1}},
      .deadline = std::chrono::minutes{1},
      .on_retry = {}};
  return make_retrying_provider(make_faulty_provider(std::move(inner), random_faults(7, 0.3, 0.2)),
                                patient, {});
}

INSTANTIATE_TEST_SUITE_P(
    Local, ObjectStoreContract,
    testing::Values(
        ContractSubject{"memory", [](std::string&) { return make_memory_provider(); }},
        ContractSubject{"file", [](std::string&) { return make_temporary_file_provider(); }},
        ContractSubject{"faulty_memory",
                        [](std::string&) { return with_faults(make_memory_provider()); }, 20},
        ContractSubject{"faulty_file",
                        [](std::string&) { return with_faults(make_temporary_file_provider()); },
                        20}),
    subject_name);

}  // namespace
}  // namespace nats3::object
