// The contract on a real S3 server.
#include "object/retrying.h"
#include "object/s3/s3_store.h"
#include "tests/contract/object_store_contract.h"
#include "tests/contract/s3_test_server.h"

namespace nats3::object {
namespace {

std::shared_ptr<ObjectStoreProvider> make_provider(std::string& skip) {
  const auto server = s3_test_server();
  if (!server) {
    skip = kNoS3Server;
    return nullptr;
  }
  return make_s3_provider(*server);
}

INSTANTIATE_TEST_SUITE_P(S3, ObjectStoreContract,
                         testing::Values(ContractSubject{"s3", make_provider, 10}), subject_name);

}  // namespace
}  // namespace nats3::object
