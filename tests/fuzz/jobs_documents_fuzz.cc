// Bodies of API requests, and the records of jobs.

#include "base/json.h"
#include "jobs/job_json.h"
#include "jobs/job_record.h"
#include "jobs/subject_mapping.h"
#include "tests/fuzz/fuzz.h"

using namespace nats3;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

template <typename Spec>
void require_same_again(const Result<Spec>& spec, Result<Spec> (*parse)(const Json&)) {
  if (!spec) {
    return;
  }
  const Json body = jobs::to_json(*spec);
  const auto again = parse(body);
  fuzz::require(again && jobs::to_json(*again) == body, "a body is read as it was written");
}

template <typename Record>
void require_same_again(std::string_view text) {
  const auto record = jobs::parse_record<Record>(text);
  if (!record) {
    return;
  }
  const std::string written = jobs::serialize(*record);
  const auto again = jobs::parse_record<Record>(written);
  fuzz::require(again && jobs::serialize(*again) == written, "a record is read as it was written");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  require_same_again<jobs::StoreRecord>(text);
  require_same_again<jobs::LoadRecord>(text);
  require_same_again<jobs::VerifyRecord>(text);
  auto body = parse_json(text);
  if (!body || !jobs::take_start(*body)) {
    return 0;
  }
  require_same_again(jobs::parse_store_spec(*body), &jobs::parse_store_spec);
  const auto load = jobs::parse_load_spec(*body);
  require_same_again(load, &jobs::parse_load_spec);
  require_same_again(jobs::parse_verify_spec(*body), &jobs::parse_verify_spec);
  if (load) {
    const auto mapping = jobs::SubjectMapping::parse(load->read_subject, load->write_subject);
    fuzz::require(!mapping || !mapping->pattern().empty(), "a mapping has a pattern");
  }
  return 0;
}
