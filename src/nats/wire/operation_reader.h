// OperationReader: cuts what a NATS server sends into operations, without copying them.
//
//   std::span<char> space = reader.space();
//   reader.received(recv(socket, space.data(), space.size(), 0));
//   for (auto operation = reader.next(); operation && *operation; operation = reader.next()) ...
//
// Source: https://docs.nats.io/reference/reference-protocols/nats-protocol
// Bytes are hostile: lengths are bounded, and what isn't the protocol is an error.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "nats/message_view.h"

namespace nats3::nats {

struct Operation {
  enum class Kind { kMessage, kPing, kPong, kOk, kError, kInfo };
  Kind kind = Kind::kOk;
  MessageView message;    // of kMessage
  std::string_view text;  // of kError, without its quotes; of kInfo, JSON
};

class OperationReader {
 public:
  static constexpr std::size_t kMaxLine = 64 << 10;     // bytes of a line; INFO is the longest
  static constexpr std::size_t kMaxMessage = 64 << 20;  // the most a server can be configured for

  // Where the next bytes are to be put, never empty. Ends the views of all operations so far.
  [[nodiscard]] std::span<char> space();
  // So many were put there. Precondition: not more than it has.
  void received(std::size_t bytes);

  // The next whole operation, or nothing until more bytes are there. Its views are valid until the
  // next call of space(). Errors: kCorrupt (not the protocol, or above the limits); then every
  // further call is one too.
  [[nodiscard]] Result<std::optional<Operation>> next();

 private:
  [[nodiscard]] std::string_view unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  Result<std::optional<Operation>> take_message(std::string_view line, std::string_view arguments,
                                                bool has_headers);

  std::vector<char> buffer_;
  std::size_t begin_ = 0;  // of what is unread
  std::size_t end_ = 0;
  std::size_t needed_ = 0;  // bytes of the message that is there in part; 0: not known
  bool filled_ = false;     // more had come than there was room for, at some time
};

}  // namespace nats3::nats
