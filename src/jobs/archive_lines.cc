#include "jobs/archive_lines.h"

#include <utility>

#include "archive/records.h"
#include "base/time_text.h"

namespace nats3::jobs {
namespace {

// What a record begins with in front of its content.
std::string head(const catalog::ReadBatch& batch, const archive::Message& message) {
  if (!batch.v1_key.empty()) {
    return R"({"archived":")" + format_time(message.time) + '"';
  }
  std::string record = R"({"epoch":")" + batch.epoch + R"(",)";
  archive::append_json_place(record, message);
  return record;
}

}  // namespace

ArchiveLines::ArchiveLines(std::shared_ptr<const catalog::Catalog> catalog,
                           const catalog::Selection& selection, std::uint64_t limit,
                           const Clock& clock)
    : catalog_(std::move(catalog)),
      clock_(clock),
      reader_(*catalog_, selection, catalog::OnDamage::kFail),
      left_(limit) {}

Result<std::optional<std::string>> ArchiveLines::next() {
  const MonotonicTime give_up = clock_.monotonic() + kPatience;
  std::string lines;
  do {
    if (left_ == 0) {
      return std::nullopt;
    }
    const auto batch = reader_.next();
    if (!batch) {
      return fail(batch.error());
    }
    if (!*batch) {
      return std::nullopt;
    }
    lines = lines_of(**batch);
  } while (lines.empty() && clock_.monotonic() < give_up);
  return lines;
}

std::string ArchiveLines::lines_of(const catalog::ReadBatch& batch) {
  std::string lines;
  for (const archive::Message& message : batch.messages) {
    if (left_ == 0) {
      break;
    }
    --left_;
    lines += head(batch, message);
    archive::append_json_content(lines, message);
    lines += "}\n";
  }
  return lines;
}

}  // namespace nats3::jobs
