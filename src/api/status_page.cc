#include "api/status_page.h"

#include <fmt/format.h>

#include "jobs/job_json.h"

namespace nats3::api {
namespace {

constexpr std::string_view kHead = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>nats3</title>
<style>
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 small { font-weight: normal; opacity: .6; font-size: 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid #8884; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.trouble { color: #c33; }
code { font-size: .9em; }
</style>
</head>
<body>
)";

constexpr std::string_view kLinks = R"(<p>
<a href="/api/v1/store/jobs">store jobs</a> ·
<a href="/api/v1/load/jobs">load jobs</a> ·
<a href="/api/v1/verify/jobs">verify jobs</a> ·
<a href="/metrics">metrics</a> ·
<a href="/ready">ready</a>
</p>
)";

// Builds HTML from pieces. Text is escaped unless it's a literal of this file.
class Html {
 public:
  Html& raw(std::string_view literal) {
    out_ += literal;
    return *this;
  }
  Html& text(std::string_view text) {
    out_ += escape_html(text);
    return *this;
  }
  Html& cell(std::string_view content) { return raw("<td>").text(content).raw("</td>"); }
  Html& number(std::uint64_t value) {
    return raw("<td class=\"number\">").text(std::to_string(value)).raw("</td>");
  }
  [[nodiscard]] std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

std::string place(const std::string& bucket, const std::optional<std::string>& prefix) {
  return prefix ? bucket + "/" + *prefix : bucket;
}

void add_row(Html& html, const jobs::StoreJob& job) {
  html.cell(job.spec.stream + " / " + job.spec.subject)
      .cell(place(job.spec.bucket, job.spec.prefix))
      .number(job.progress.messages);
}

void add_row(Html& html, const jobs::LoadJob& job) {
  html.cell(place(job.spec.bucket, job.spec.prefix) + " : " + job.spec.read_stream + " / " +
            job.spec.read_subject)
      .cell(job.spec.write_subject)
      .number(job.progress.messages);
}

void add_row(Html& html, const jobs::VerifyJob& job) {
  html.cell(job.spec.stream)
      .cell(place(job.spec.bucket, job.spec.prefix))
      .number(job.progress.messages);
}

template <typename Job>
void add_jobs(Html& html, std::string_view title, const Result<std::vector<Job>>& list) {
  html.raw("<h2>").text(title).raw("</h2>\n");
  if (!list) {
    html.raw("<p class=\"trouble\">").text(list.error().message).raw("</p>\n");
    return;
  }
  if (list->empty()) {
    html.raw("<p>None yet.</p>\n");
    return;
  }
  html.raw(
      "<table><tr><th>Name</th><th>Status</th><th>From</th><th>To</th><th>Messages</th>"
      "<th></th></tr>\n");
  for (const Job& job : *list) {
    html.raw("<tr>").cell(job.spec.name).cell(jobs::to_string(job.info.status));
    add_row(html, job);
    html.raw("<td class=\"trouble\">").text(job.info.last_error).raw("</td></tr>\n");
  }
  html.raw("</table>\n");
}

}  // namespace

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

HttpResponse status_page(const ApiContext& context) {
  Html html;
  html.raw(kHead).raw("<h1>nats3 <small>").text(context.version).raw("</small></h1>\n");
  if (const auto ready = context.ready(); !ready) {
    html.raw("<p class=\"trouble\">").text(ready.error().message).raw("</p>\n");
  }
  add_jobs(html, "Store jobs", context.jobs.store_jobs());
  add_jobs(html, "Load jobs", context.jobs.load_jobs());
  add_jobs(html, "Verify jobs", context.jobs.verify_jobs());
  html.raw(kLinks).raw("</body>\n</html>\n");
  return {.status = 200,
          .content_type = std::string(kHtmlType),
          .body = html.take(),
          .headers = {{"Content-Security-Policy",
                       "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; "
                       "form-action 'none'; frame-ancestors 'none'"}}};
}

}  // namespace nats3::api
