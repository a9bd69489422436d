// Header blocks, read from the bytes on the wire and never through natsMsgHeader_*.
//
// Why: libnats 3.4.1 takes the line after an empty value for that value and loses the header that
// was there, trims values, and writes zeros into the block as it reads it. The archive keeps
// headers as they were sent, and STREAM.MSG.GET gives the same block raw: both must read alike.
// Block: "NATS/1.0[ code[ description]]\r\n" ("name: value\r\n")* "\r\n".
// Source: NATS ADR-4, https://github.com/nats-io/nats-architecture-and-design
// Pure functions.
#pragma once

#include <string_view>
#include <vector>

#include "archive/message.h"
#include "base/error.h"

namespace nats3::nats {

// Appends the fields of `block` to `fields`, in canonical order among themselves. One space after
// the colon belongs to the syntax, everything else to the value, a folded line (CRLF and white
// space) too. A line without a colon is a name with an empty value.
// Errors: kCorrupt when the block doesn't begin with "NATS/1.0" or doesn't end with an empty line.
[[nodiscard]] Result<void> parse_header_block(std::string_view block,
                                              std::vector<archive::HeaderField>& fields);

// The first line of a status message, such as "NATS/1.0 408 Request Timeout".
struct StatusLine {
  int code = 0;  // 0: a plain message
  std::string_view description;
};
[[nodiscard]] StatusLine parse_status_line(std::string_view block);

// The value of the first field called `name`, or "".
[[nodiscard]] std::string_view find_header(std::span<const archive::HeaderField> fields,
                                           std::string_view name);

}  // namespace nats3::nats
