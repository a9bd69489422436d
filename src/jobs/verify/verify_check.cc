#include "jobs/verify/verify_check.h"

#include "archive/v1_chunk.h"
#include "catalog/catalog.h"
#include "jobs/as_invalid.h"

namespace nats3::jobs {

Result<void> check_spec(const JobEnvironment& environment, const VerifySpec& spec) {
  auto store = environment.stores.open(spec.bucket, object::IfMissing::kFail);
  if (!store) {
    return fail(as_invalid(store.error(), "check the job's bucket"));
  }
  auto catalog = catalog::Catalog::open(*store, spec.prefix.value_or(""), spec.stream);
  if (!catalog) {
    return fail(catalog.error());
  }
  for (const std::string& folder : {archive::stream_folder((*catalog)->location()),
                                    archive::v1_folder((*catalog)->location())}) {
    auto page = (*store)->list({.prefix = folder, .limit = 1});
    if (!page) {
      return fail(page.error());
    }
    if (!page->objects.empty()) {
      return {};
    }
  }
  return fail(ErrorCode::kInvalid, (*catalog)->nothing_archived());
}

}  // namespace nats3::jobs
