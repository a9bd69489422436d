// PageBuilder: folds keys that come in order into one ListPage. What S3 does on its side, for the
// stores that have no S3 behind them. Not thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "object/object_store.h"

namespace nats3::object {

// Appended to a text, it sorts after every key that begins with that text: no UTF-8 has this byte.
inline constexpr char kAboveAnyKey = '\xff';

class PageBuilder {
 public:
  // Errors: kInvalid for a query that can't be asked or a token that isn't ours.
  [[nodiscard]] static Result<PageBuilder> make(const ListQuery& query);

  // Whether some key that begins with `start` can still belong to this listing: false means that
  // whole subtree can be skipped.
  [[nodiscard]] bool may_hold(std::string_view start) const;
  // Whether `key` belongs to this listing.
  [[nodiscard]] bool wants(std::string_view key) const;
  // The common prefix that `key` folds into, or "".
  [[nodiscard]] std::string_view folds_into(std::string_view key) const;

  // No key below this text is wanted.
  [[nodiscard]] std::string first_possible() const;

  [[nodiscard]] bool is_full() const { return size() >= limit_; }
  // Adds what comes next in order. Precondition: wanted, and not full.
  void add_object(std::string key, std::uint64_t bytes);
  void add_prefix(std::string prefix);

  // The page. `more`: whether something wanted remains after what was added.
  enum class Rest { kNone, kMore };
  [[nodiscard]] ListPage finish(Rest rest) &&;

 private:
  explicit PageBuilder(const ListQuery& query)
      : prefix_(query.prefix), delimiter_(query.delimiter), limit_(query.limit) {}
  [[nodiscard]] std::size_t size() const {
    return page_.objects.size() + page_.common_prefixes.size();
  }

  std::string prefix_;
  std::string delimiter_;
  std::size_t limit_;
  std::string after_;         // only keys greater than this
  bool after_whole_ = false;  // and none that begins with it: a common prefix already given
  ListPage page_;
  std::string token_;
};

}  // namespace nats3::object
