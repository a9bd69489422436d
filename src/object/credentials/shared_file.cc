#include "object/credentials/shared_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/ascii.h"
#include "base/small_file.h"
#include "object/keys.h"

namespace nats3::object {
namespace {

// The first line of `text`, which then begins with the next one.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == text.npos ? text.size() : end + 1);
  return line;
}

class SharedFile final : public CredentialsSource {
 public:
  SharedFile(std::string path, std::string profile)
      : path_(std::move(path)), profile_(std::move(profile)) {}

  Result<ExpiringCredentials> fetch() override {
    const auto text = read_small_file(path_);
    if (!text) {
      return fail(ErrorCode::kDenied, text.error().with_context(path_).message);
    }
    auto profile = read_profile(*text, profile_);
    if (!profile) {
      return fail(ErrorCode::kDenied, profile.error().with_context(path_).message);
    }
    Credentials keys{(*profile)["aws_access_key_id"], (*profile)["aws_secret_access_key"],
                     (*profile)["aws_session_token"]};
    if (keys.access.empty() || keys.secret.empty()) {
      return fail(ErrorCode::kDenied,
                  fmt::format("{} needs aws_access_key_id and aws_secret_access_key; nats3 takes "
                              "no role_arn, sso or credential_process from there",
                              describe()));
    }
    return ExpiringCredentials{std::move(keys), std::nullopt};
  }

  [[nodiscard]] std::string describe() const override {
    return fmt::format("the profile '{}' in {}", printable(profile_), path_);
  }

 private:
  std::string path_;
  std::string profile_;
};

}  // namespace

Result<std::map<std::string, std::string>> read_profile(std::string_view text,
                                                        std::string_view name) {
  std::map<std::string, std::string> values;
  bool found = false;
  bool inside = false;
  while (!text.empty()) {
    const std::string_view raw = take_line(text);
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') {
      continue;
    }
    if (line.front() == '[') {
      inside = trim(line.substr(1, line.find(']') - 1)) == name;
      found = found || inside;
      continue;
    }
    const std::size_t equals = line.find('=');
    const bool is_nested = (raw.front() == ' ' || raw.front() == '\t');
    if (inside && !is_nested && equals != line.npos) {
      values[lower_case(std::string(trim(line.substr(0, equals))))] = trim(line.substr(equals + 1));
    }
  }
  if (!found) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no profile '{}'", printable(name)));
  }
  return values;
}

std::shared_ptr<CredentialsSource> shared_file(std::string path, std::string profile) {
  return std::make_shared<SharedFile>(std::move(path), std::move(profile));
}

}  // namespace nats3::object
