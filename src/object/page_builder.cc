#include "object/page_builder.h"

#include <algorithm>
#include <utility>

#include "object/keys.h"

namespace nats3::object {
namespace {

// A token is the last thing given, after a letter that says what it was.
constexpr char kAfterObject = 'o';
constexpr char kAfterPrefix = 'p';

}  // namespace

Result<PageBuilder> PageBuilder::make(const ListQuery& query) {
  if (auto checked = check_query(query); !checked) {
    return fail(std::move(checked.error()));
  }
  PageBuilder builder(query);
  if (query.token.empty()) {
    builder.after_ = query.start_after;
    return builder;
  }
  const char kind = query.token.front();
  if ((kind != kAfterObject && kind != kAfterPrefix) || query.token.size() < 2) {
    return fail(ErrorCode::kInvalid, "a listing's token is not one this store gave");
  }
  builder.after_ = query.token.substr(1);
  builder.after_whole_ = kind == kAfterPrefix;
  return builder;
}

bool PageBuilder::may_hold(std::string_view start) const {
  if (!start.starts_with(prefix_) && !std::string_view(prefix_).starts_with(start)) {
    return false;
  }
  if (after_whole_ && start.starts_with(after_)) {
    return false;
  }
  return start > after_ || std::string_view(after_).starts_with(start);
}

bool PageBuilder::wants(std::string_view key) const {
  return key.starts_with(prefix_) && key > after_ && !(after_whole_ && key.starts_with(after_));
}

std::string_view PageBuilder::folds_into(std::string_view key) const {
  if (delimiter_.empty() || !key.starts_with(prefix_)) {
    return {};
  }
  const std::size_t at = key.find(delimiter_, prefix_.size());
  return at == key.npos ? std::string_view{} : key.substr(0, at + delimiter_.size());
}

std::string PageBuilder::first_possible() const {
  return std::max(prefix_, after_whole_ ? after_ + kAboveAnyKey : after_);
}

void PageBuilder::add_object(std::string key, std::uint64_t bytes) {
  token_ = kAfterObject + key;
  page_.objects.push_back({std::move(key), bytes});
}

void PageBuilder::add_prefix(std::string prefix) {
  token_ = kAfterPrefix + prefix;
  page_.common_prefixes.push_back(std::move(prefix));
}

ListPage PageBuilder::finish(Rest rest) && {
  if (rest == Rest::kMore) {
    page_.next_token = std::move(token_);
  }
  return std::move(page_);
}

}  // namespace nats3::object
