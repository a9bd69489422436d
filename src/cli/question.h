// Asking whoever runs a command.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/io.h"

namespace nats3::cli {

// Asks on standard error, since standard output may go into a file. The answer without space around
// it; nullopt when the input has ended.
[[nodiscard]] std::optional<std::string> ask(Io& io, std::string_view question);

}  // namespace nats3::cli
