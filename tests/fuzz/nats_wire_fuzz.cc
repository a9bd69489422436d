// What a NATS server sends, whole and in two pieces. The first byte says where it is cut.

#include <algorithm>
#include <string>
#include <vector>

#include "nats/headers.h"
#include "nats/wire/operation_reader.h"
#include "tests/fuzz/fuzz.h"

namespace {

using namespace nats3;  // NOLINT(google-build-using-namespace): a program of one function

std::uintptr_t address(const char* at) { return reinterpret_cast<std::uintptr_t>(at); }

// Feeds `bytes`, after `before` others, and appends what is read to `all`, in a form to compare.
// False: an error came.
bool read(nats::OperationReader& reader, std::size_t before, std::string_view bytes,
          std::vector<std::string>& all) {
  const std::span<char> space = reader.space();
  fuzz::require(space.size() >= bytes.size(), "there is room for 64 KiB at least");
  fuzz::require(space.size() <= nats::OperationReader::kMaxMessage + (1 << 20), "room is bounded");
  std::ranges::copy(bytes, space.begin());
  reader.received(bytes.size());
  std::uintptr_t begin = address(space.data()) - before;  // where the view before this one ended
  for (;;) {
    const auto operation = reader.next();
    if (!operation) {
      fuzz::require(!reader.next(), "an error stays one");
      return false;
    }
    if (!*operation) {
      const auto again = reader.next();
      fuzz::require(again && !*again, "nothing stays nothing");
      return true;
    }
    const nats::MessageView& message = (*operation)->message;
    std::string text = std::to_string(static_cast<int>((*operation)->kind));
    for (const std::string_view view :
         {message.subject, message.reply, message.headers, message.payload, (*operation)->text}) {
      if (!view.empty()) {
        fuzz::require(address(&view.front()) >= begin, "views are in what was fed, in order");
        begin = address(&view.back()) + 1;
        fuzz::require(begin <= address(space.data() + bytes.size()), "views end where it ends");
      }
      text.append("|").append(view);
    }
    std::vector<archive::HeaderField> fields;
    (void)nats::parse_header_block(message.headers, fields);
    (void)nats::parse_status_line(message.headers);
    all.push_back(std::move(text));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  const std::string_view bytes = fuzz::as_text(data, size).substr(1, 64 << 10);
  nats::OperationReader whole;
  std::vector<std::string> expected;
  const bool good = read(whole, 0, bytes, expected);
  nats::OperationReader split;
  std::vector<std::string> all;
  const std::size_t cut = std::min<std::size_t>(data[0], bytes.size());
  const bool first_good = read(split, 0, bytes.substr(0, cut), all);
  const bool both_good = first_good && read(split, cut, bytes.substr(cut), all);
  fuzz::require(both_good == good, "an error doesn't depend on the pieces");
  fuzz::require(all == expected, "operations don't depend on the pieces");
  return 0;
}
