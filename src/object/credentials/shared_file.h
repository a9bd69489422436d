// Keys in a file that AWS's tools share: `~/.aws/credentials`, with sections called profiles.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"
#include "object/credentials/credentials.h"

namespace nats3::object {

// What profile `name` sets in `text`; names in lower case. Lines that aren't `name = value` are
// left out, and so are those that belong to the one above (indented). A pure function.
// Errors: kNotFound when there is no such profile.
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
[[nodiscard]] Result<std::map<std::string, std::string>> read_profile(std::string_view text,
                                                                      std::string_view name);

// The keys of `profile` in `path`, read anew with each fetch. Errors: kDenied.
[[nodiscard]] std::shared_ptr<CredentialsSource> shared_file(std::string path, std::string profile);

}  // namespace nats3::object
