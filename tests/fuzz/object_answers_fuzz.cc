// What S3 servers, and those who give out keys for them, answer.

#include "object/credentials/answers.h"
#include "object/credentials/shared_file.h"
#include "object/s3/xml.h"
#include "tests/fuzz/fuzz.h"

using namespace nats3;  // NOLINT(google-build-using-namespace): a program of one function

namespace {

void require_keys(const Result<object::ExpiringCredentials>& answer) {
  fuzz::require(!answer || (!answer->keys.access.empty() && !answer->keys.secret.empty()),
                "keys that were given are there");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  if (const auto page = object::parse_list_result(text)) {
    fuzz::require(page->objects.size() + page->common_prefixes.size() <= 1000,
                  "a page is no longer than was asked for");
  }
  const auto id = object::parse_upload_id(text);
  fuzz::require(!id || !id->empty(), "an upload has an id");
  (void)object::is_complete_result(text);
  const auto complaint = object::parse_error(text);
  const Error refusal = object::refusal_of({.status = 400, .body = std::string(text)}, "advice");
  fuzz::require(!complaint || refusal.message.find("HTTP 400") == 0, "a refusal has its status");
  require_keys(object::parse_key_document(text));
  require_keys(object::parse_role_answer(text));
  (void)object::read_profile(text, "default");
  return 0;
}
