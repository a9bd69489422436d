#include "archive/v1_chunk.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>

#include "archive/v1_codec.h"

namespace nats3::archive {
namespace {

constexpr std::uint64_t kMaxSeconds = std::numeric_limits<std::int64_t>::max() / 1'000'000'000;

std::string_view suffix_of(V1Codec codec) { return codec == V1Codec::kJson ? ".json" : ".bin"; }

// 0 for what is no number: to_string then gives another text.
std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::string to_string(const V1ChunkName& name) {
  return fmt::format("{}-{}{}", name.seconds, name.count, suffix_of(name.codec));
}

Result<V1ChunkName> parse_v1_chunk_name(std::string_view text) {
  const std::size_t dash = text.find('-');
  const std::size_t dot = text.find('.');
  if (dash < dot && dot != text.npos) {
    const V1ChunkName name{
        .seconds = number_in(text.substr(0, dash)),
        .count = number_in(text.substr(dash + 1, dot - dash - 1)),
        .codec = text.ends_with(suffix_of(V1Codec::kBinary)) ? V1Codec::kBinary : V1Codec::kJson};
    if (name.seconds <= kMaxSeconds && to_string(name) == text) {
      return name;
    }
  }
  return fail(ErrorCode::kInvalid,
              fmt::format("'{}' is not the name of a version-1 chunk such as 1795464796-6.json",
                          text.substr(0, 160)));
}

std::string v1_folder(const StreamLocation& location, std::string_view subject) {
  std::string folder;
  for (const std::string_view part :
       {std::string_view(location.prefix), std::string_view(location.stream), subject}) {
    if (!part.empty()) {
      folder.append(part).append("/");
    }
  }
  return folder;
}

Result<V1Chunk> decode_v1_chunk(V1Codec codec, std::string bytes) {
  return codec == V1Codec::kJson ? v1::decode_json(bytes) : v1::decode_binary(std::move(bytes));
}

namespace v1 {

Result<void> check_envelope(std::string_view magic, std::string_view version, std::string_view hash,
                            const Sha256Digest& actual) {
  if (magic != kMagic) {
    return corrupt(fmt::format("its magic number isn't {}", kMagic));
  }
  if (version != kVersion) {
    return corrupt(fmt::format("its version isn't {}", kVersion));
  }
  if (hash != as_view(actual)) {
    return corrupt("its SHA-256 isn't that of its messages");
  }
  return {};
}

void connect(V1Chunk& chunk, const std::vector<std::size_t>& header_ends) {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < chunk.messages.size(); ++i) {
    chunk.messages[i].sequence = i + 1;
    chunk.messages[i].headers = std::span(chunk.fields).subspan(begin, header_ends[i] - begin);
    begin = header_ends[i];
  }
}

}  // namespace v1
}  // namespace nats3::archive
