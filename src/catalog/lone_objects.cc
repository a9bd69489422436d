#include "catalog/lone_objects.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "archive/v1_chunk.h"
#include "catalog/object_check.h"

namespace nats3::catalog {
namespace {

constexpr std::uint64_t kMaxDocumentBytes = 16 << 20;

std::string_view name_of(const object::ObjectInfo& object) {
  return std::string_view(object.key).substr(object.key.rfind('/') + 1);
}

}  // namespace

Result<void> look_at_document(const Catalog& catalog, const object::ObjectInfo& object,
                              VerifyStep& step) {
  const auto text = object.size > kMaxDocumentBytes
                        ? fail(ErrorCode::kCorrupt, "it is far too large")
                        : catalog.store().get(object.key);
  if (!text && text.error().action() == Action::kNotFound) {
    return {};  // removed since it was listed
  }
  if (!text && text.error().code != ErrorCode::kCorrupt) {
    return fail(text.error());
  }
  step.read_bytes += text ? text->size() : 0;
  const auto checked = text.and_then(
      [&](const std::string& document) { return check_document(name_of(object), document); });
  if (!checked) {
    step.report(object.key, FindingKind::kDamaged, checked.error().message,
                "put it back, or a file made after docs/format.md");
  }
  return {};
}

Result<bool> look_at_v1_chunk(const Catalog& catalog, const VerifyWindow& window,
                              const object::ObjectInfo& object, VerifyStep& step) {
  const auto name = *archive::parse_v1_chunk_name(name_of(object));
  const Timestamp begin{std::chrono::seconds{name.seconds}};
  if (!window.meets(begin, begin + std::chrono::seconds{1})) {
    return false;
  }
  step.chunks = 1;
  const auto damaged = [&](std::string what) {
    step.report(object.key, FindingKind::kDamaged, std::move(what),
                "a chunk of nats-s3-connector, which can't be made again");
  };
  if (object.size == 0 || object.size > archive::kMaxV1ChunkBytes) {
    damaged(object.size == 0 ? "it is empty" : "it is over 512 MiB");
    return true;
  }
  auto bytes = catalog.store().get(object.key);
  if (!bytes && bytes.error().action() == Action::kNotFound) {
    return true;  // they have no watermark: a load that deletes them leaves nothing
  }
  if (!bytes) {
    return fail(bytes.error());
  }
  step.read_bytes += bytes->size();
  if (const auto checked = check_v1_chunk(name, std::move(*bytes)); !checked) {
    damaged(checked.error().message);
  } else {
    step.messages = name.count;
  }
  return true;
}

}  // namespace nats3::catalog
