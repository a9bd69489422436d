// Secret: text that is overwritten when it is no longer needed, so that it is not in memory that is
// used again, nor in a later core dump. Never print one. Not thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace nats3 {

class Secret {
 public:
  Secret() = default;
  // Zeros, to be filled.
  explicit Secret(std::size_t size);
  explicit Secret(std::string_view text);
  ~Secret() { wipe(); }
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;

  [[nodiscard]] char* data() { return text_.get(); }
  [[nodiscard]] std::string_view view() const { return {text_.get(), size_}; }
  // Ends with a zero.
  [[nodiscard]] const char* c_str() const { return text_ ? text_.get() : ""; }

 private:
  void wipe();

  std::unique_ptr<char[]> text_;
  std::size_t size_ = 0;
};

}  // namespace nats3
