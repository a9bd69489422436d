// StringPool: gives each distinct string a small number, in order of appearance.
// Subjects and header names repeat from message to message: one look-up here serves both the record
// encoder and the count of subjects. Not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace nats3::archive {

class StringPool {
 public:
  using Id = std::uint32_t;

  // The number of `text`, which is copied when it is new.
  Id intern(std::string_view text);

  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::string_view text(Id id) const { return entries_[id].text; }
  // XXH3-64 of the text.
  [[nodiscard]] std::uint64_t hash(Id id) const { return entries_[id].hash; }

 private:
  struct Entry {
    std::string_view text;
    std::uint64_t hash;
  };

  void grow();
  [[nodiscard]] std::size_t find_slot(std::string_view text, std::uint64_t hash) const;

  std::vector<Entry> entries_;
  std::deque<std::string> storage_;  // never moves what it holds
  std::vector<Id> slots_;            // open addressing, a power of two; id + 1, or 0
};

}  // namespace nats3::archive
