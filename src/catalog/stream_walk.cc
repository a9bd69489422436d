#include "catalog/stream_walk.h"

#include <iterator>
#include <utility>

#include "archive/v1_chunk.h"

namespace nats3::catalog {

StreamWalk::StreamWalk(const Catalog& catalog, std::string after)
    : catalog_(catalog),
      folders_{archive::stream_folder(catalog.location())},
      passed_(std::move(after)) {
  // The old generation has names as they are, not as a part of a key.
  if (std::string old = archive::v1_folder(catalog.location()); old != folders_.front()) {
    folders_.push_back(std::move(old));
  }
  while (folders_.size() > 1 && !passed_.empty() && !passed_.starts_with(folders_.front())) {
    folders_.pop_front();
  }
}

Result<std::optional<object::ObjectInfo>> StreamWalk::peek() {
  while (page_.empty()) {
    if (listed_ && folders_.size() == 1) {
      return std::nullopt;
    }
    if (listed_) {
      folders_.pop_front();
      token_.clear();
    }
    if (auto listed = list(); !listed) {
      return fail(listed.error());
    }
  }
  return page_.front();
}

void StreamWalk::pop() {
  passed_ = std::move(page_.front().key);
  page_.pop_front();
}

Result<bool> StreamWalk::still_next(const std::string& key) {
  token_.clear();
  return list().map([&] { return !page_.empty() && page_.front().key == key; });
}

// Lists the page that `token_` names; without one, what comes after the object passed last.
Result<void> StreamWalk::list() {
  object::ListQuery query{.prefix = folders_.front(), .token = token_};
  if (token_.empty() && passed_.starts_with(query.prefix)) {
    query.start_after = passed_;
  }
  auto page = catalog_.store().list(query);
  if (!page) {
    return fail(page.error().with_context("listing " + query.prefix));
  }
  page_.assign(std::make_move_iterator(page->objects.begin()),
               std::make_move_iterator(page->objects.end()));
  token_ = std::move(page->next_token);
  listed_ = token_.empty();
  return {};
}

}  // namespace nats3::catalog
