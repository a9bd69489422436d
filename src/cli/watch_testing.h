// What tests of `watch` and `wait` stand on: jobs as a server answers them, one after the other,
// and what is on a terminal afterwards.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "cli/cli_testing.h"
#include "cli/job_fields.h"

namespace nats3::cli {

inline Json load_job(const std::string& status, int messages) {
  return {{"id", "id-1"},
          {"name", "replay"},
          {"status", status},
          {"last_error", nullptr},
          {"poll_interval", nullptr},
          {"progress",
           {{"messages", messages},
            {"total_messages", 2000},
            {"share", messages / 2000.0},
            {"rate", 52310.4},
            {"seconds_left", 83}}}};
}

inline Json store_job(int messages, int lag) {
  return {{"id", "id-2"},
          {"name", "orders"},
          {"status", "Running"},
          {"last_error", nullptr},
          {"progress",
           {{"messages", messages},
            {"lag", lag},
            {"rate", 12},
            {"oldest_unarchived", "2026-11-24T08:00:07Z"}}}};
}

inline std::string list(const Json& job) { return Json::array({job}).dump(); }

inline Json verify_job(const std::string& status, int damaged, int repaired) {
  return {{"id", "id-3"},
          {"name", "scrub"},
          {"status", status},
          {"last_error", nullptr},
          {"progress",
           {{"messages", 2000}, {"damaged", damaged}, {"repaired", repaired}, {"rate", 5}}}};
}

// What is on the terminal after `text`, whose sequences are those of LiveScreen.
inline std::string screen_after(const std::string& text) {
  std::vector<std::string> lines{""};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      lines.emplace_back();
    } else if (text[i] == '\x1b') {
      const std::size_t end = text.find_first_of("AJm", i);
      if (text[end] == 'A') {
        lines.resize(lines.size() - std::stoul(text.substr(i + 2, end - i - 2)));
        lines.back().clear();
      }
      i = end;
    } else if (text[i] != '\r') {
      lines.back() += text[i];
    }
  }
  std::string shown;
  for (const std::string& line : lines) {
    shown += line + "\n";
  }
  return shown;
}

class JobsFixture : public CliFixture {
 protected:
  // As they are asked for: whole ids.
  inline static const std::string kLoadId = "00000000-0000-4000-8000-000000000001";
  inline static const std::string kStoreId = "00000000-0000-4000-8000-000000000002";
  inline static const std::string kVerifyId = "00000000-0000-4000-8000-000000000003";

  void lists(JobKind kind, const std::string& answer, int status = 200) {
    server_.then(fmt::format("GET /api/v1/{}/jobs", to_string(kind)), status, answer);
  }
  void answers_one(const Json& job, int status = 200) {
    for (const JobKind kind : {JobKind::kStore, JobKind::kLoad, JobKind::kVerify}) {
      server_.then(fmt::format("GET /api/v1/{}/job", to_string(kind)), status, job.dump());
    }
  }
};

}  // namespace nats3::cli
