#include <cstring>

#include "nats/broker.h"

namespace nats3::nats {

OwnedMessage::OwnedMessage(const archive::Message& message)
    : bytes_(std::make_unique<char[]>(archive::content_size(message))),
      headers_(message.headers.begin(), message.headers.end()),
      message_(message) {
  char* end = bytes_.get();
  const auto keep = [&end](std::string_view& view) {
    if (!view.empty()) {
      std::memcpy(end, view.data(), view.size());
    }
    view = {end, view.size()};
    end += view.size();
  };
  keep(message_.subject);
  for (auto& field : headers_) {
    keep(field.name);
    keep(field.value);
  }
  keep(message_.payload);
  message_.headers = headers_;
}

}  // namespace nats3::nats
