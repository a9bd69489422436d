#include "base/secret.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <utility>

namespace nats3 {

Secret::Secret(std::size_t size) : text_(std::make_unique<char[]>(size + 1)), size_(size) {}

Secret::Secret(std::string_view text) : Secret(text.size()) {
  std::ranges::copy(text, text_.get());
}

Secret::Secret(Secret&& other) noexcept
    : text_(std::move(other.text_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = std::move(other.text_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

// By what the compiler may not leave out, although nobody reads these bytes again.
void Secret::wipe() {
  if (text_) {
    OPENSSL_cleanse(text_.get(), size_);
  }
}

}  // namespace nats3
