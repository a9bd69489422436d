// MessageView: a received message where it lies. A value; valid as long as what it views.
#pragma once

#include <string_view>

namespace nats3::nats {

struct MessageView {
  std::string_view subject;
  std::string_view reply;
  std::string_view headers;  // the whole block (see headers.h); empty when there is none
  std::string_view payload;
};

}  // namespace nats3::nats
