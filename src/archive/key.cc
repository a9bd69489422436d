#include "archive/key.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "archive/text.h"
#include "base/digest.h"
#include "base/percent.h"
#include "base/time_text.h"

namespace nats3::archive {
namespace {

constexpr std::size_t kMaxComponentBytes = 200;
constexpr std::size_t kCutBytes = 160;
constexpr std::size_t kCutHashBytes = 16;
constexpr std::size_t kMaxPartBytes = 255;  // what file systems and MinIO take
constexpr std::uint32_t kMaxOrdinal = 9'999;
constexpr std::string_view kDescriptionName = "stream.json";
constexpr std::string_view kWatermarkName = "watermark.json";
constexpr std::string_view kCompleteName = "complete.json";
constexpr std::string_view kIndexName = "index.bin";

std::string_view suffix_of(Encoding encoding) {
  return encoding == Encoding::kBinary ? ".bin.zst" : ".ndjson.zst";
}

std::int64_t nanoseconds(Timestamp time) { return time.time_since_epoch().count(); }

tl::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

// Takes the text up to `separator`, and the separator, off `rest`; all of it when there is none.
std::string_view take_until(std::string_view& rest, char separator, std::size_t from = 0) {
  const std::size_t end = rest.find(separator, from);
  const std::string_view part = rest.substr(0, end);
  rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
  return part;
}

template <typename Number>
std::optional<Number> read_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return number;
}

Result<void> check_prefix_part(std::string_view part) {
  if (part.empty() || part == "." || part == "..") {
    return invalid(fmt::format("'{}' can't be a part of it", part));
  }
  if (part.size() > kMaxPartBytes) {
    return invalid(
        fmt::format("its part '{}...' is over {} bytes", part.substr(0, 32), kMaxPartBytes));
  }
  return {};
}

}  // namespace

std::string encode_component(std::string_view text) {
  std::string encoded;
  // Only the mark of a cut is a `~`.
  for (const char c : percent_encode(text)) {
    if (c == '~') {
      encoded += "%7E";
    } else {
      encoded += c;
    }
  }
  if (encoded == "." || encoded == "..") {
    return encoded == "." ? "%2E" : "%2E%2E";
  }
  if (encoded.size() <= kMaxComponentBytes) {
    return encoded;
  }
  // A %XX that the cut would split begins one or two bytes before it.
  const std::size_t percent = encoded.rfind('%', kCutBytes - 1);
  const bool splits = percent != encoded.npos && percent + 3 > kCutBytes;
  encoded.resize(splits ? percent : kCutBytes);
  const Sha256Digest digest = sha256(text);
  return encoded + '~' + to_hex(as_view(digest).substr(0, kCutHashBytes));
}

std::string filter_component(std::string_view filter) {
  std::string encoded = encode_component(filter);
  // A folder of this name would stand where the description of the epoch does.
  return encoded == kDescriptionName ? "%73tream.json" : encoded;
}

Result<std::string> decode_component(std::string_view component) {
  auto text = component.find('~') == component.npos
                  ? percent_decode(component)
                  : invalid("it is cut; stream.json has the whole");
  if (text && encode_component(*text) != component && filter_component(*text) != component) {
    text = invalid("it isn't in the form that is written");
  }
  if (!text) {
    return fail(text.error().with_context(
        fmt::format("part '{}' of a key", component.substr(0, kMaxPartBytes))));
  }
  return text;
}

std::string to_string(const EpochName& name) {
  std::string text = format_time(name.created);
  std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
  return name.ordinal == 1 ? text : fmt::format("{}-{:04}", text, name.ordinal);
}

Result<EpochName> parse_epoch_name(std::string_view text) {
  constexpr std::size_t kTimeBytes = 26;  // 20261124T015425.123456789Z
  const auto bad = [&] {
    return invalid(
        fmt::format("'{}' is not the name of an epoch such as "
                    "20261124T015425.123456789Z",
                    text.substr(0, 64)));
  };
  if (text.size() < kTimeBytes) {
    return bad();
  }
  std::string time(text.substr(0, kTimeBytes));
  for (const std::size_t colon : {13, 11}) {
    time.insert(colon, ":");
  }
  for (const std::size_t dash : {6, 4}) {
    time.insert(dash, "-");
  }
  const auto created = parse_time(time);
  if (!created) {
    return bad();
  }
  EpochName name{*created, 1};
  if (text.size() > kTimeBytes) {
    name.ordinal = read_number<std::uint32_t>(text.substr(kTimeBytes + 1)).value_or(0);
  }
  if (name.ordinal < 1 || name.ordinal > kMaxOrdinal || to_string(name) != text) {
    return bad();
  }
  return name;
}

ChunkName chunk_name(const ChunkSummary& summary, Encoding encoding) {
  return {.first = summary.first_sequence,
          .last = summary.last_sequence,
          .time_min = summary.time_min,
          .time_max = summary.time_max,
          .count = summary.count,
          .encoding = encoding};
}

std::string to_string(const ChunkName& name) {
  return fmt::format("{:020}-{:020}-{}-{}-{}{}", name.first, name.last, nanoseconds(name.time_min),
                     nanoseconds(name.time_max), name.count, suffix_of(name.encoding));
}

Result<ChunkName> parse_chunk_name(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return invalid(fmt::format("'{}' is not the name of a chunk: {}", text.substr(0, 160), why));
  };
  ChunkName name;
  for (const Encoding encoding : {Encoding::kBinary, Encoding::kJson}) {
    if (text.ends_with(suffix_of(encoding))) {
      name.encoding = encoding;
    }
  }
  if (!text.ends_with(suffix_of(name.encoding))) {
    return bad("it ends neither in .bin.zst nor in .ndjson.zst");
  }
  std::string_view rest = text.substr(0, text.size() - suffix_of(name.encoding).size());
  const auto first = read_number<std::uint64_t>(take_until(rest, '-'));
  const auto last = read_number<std::uint64_t>(take_until(rest, '-'));
  // A time may have a sign, which is no separator.
  const auto time_min = read_number<std::int64_t>(take_until(rest, '-', 1));
  const auto time_max = read_number<std::int64_t>(take_until(rest, '-', 1));
  const auto count = read_number<std::uint64_t>(rest);
  if (!first || !last || !time_min || !time_max || !count) {
    return bad("it isn't five numbers with a dash between them");
  }
  name.first = *first;
  name.last = *last;
  name.time_min = Timestamp{std::chrono::nanoseconds{*time_min}};
  name.time_max = Timestamp{std::chrono::nanoseconds{*time_max}};
  name.count = *count;
  if (name.first == 0 || name.first > name.last || name.count == 0 ||
      name.count - 1 > name.last - name.first || name.time_min > name.time_max) {
    return bad("its numbers contradict each other");
  }
  if (to_string(name) != text) {
    return bad("its numbers aren't in the form that is written");
  }
  return name;
}

std::string trim_prefix(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of('/'), text.size()));
  while (text.ends_with('/')) {
    text.remove_suffix(1);
  }
  return std::string(text);
}

Result<void> check_location(const StreamLocation& location) {
  const std::string_view prefix = location.prefix;
  const auto bad = [&](std::string_view why) {
    return invalid(fmt::format("prefix '{}': {}", prefix.substr(0, kMaxPrefixBytes), why));
  };
  if (location.stream.empty()) {
    return invalid("a stream needs a name");
  }
  if (prefix.size() > kMaxPrefixBytes) {
    return bad(fmt::format("it is over {} bytes", kMaxPrefixBytes));
  }
  const bool control = std::ranges::any_of(prefix, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  if (control || !is_utf8(prefix)) {
    return bad("it has a control character or isn't UTF-8");
  }
  if (prefix.ends_with('/')) {
    return bad("it ends in a slash; leave that out");
  }
  for (std::string_view rest = prefix; !rest.empty();) {
    if (auto checked = check_prefix_part(take_until(rest, '/')); !checked) {
      return bad(checked.error().message);
    }
  }
  return {};
}

std::string stream_folder(const StreamLocation& location) {
  std::string folder = location.prefix;
  if (!folder.empty()) {
    folder += '/';
  }
  return folder + encode_component(location.stream) + '/';
}

std::string epoch_folder(const StreamLocation& location, std::string_view epoch) {
  return fmt::format("{}{}/", stream_folder(location), epoch);
}

std::string filter_folder(const StreamLocation& location, std::string_view epoch,
                          std::string_view filter) {
  return fmt::format("{}{}/", epoch_folder(location, epoch), filter_component(filter));
}

std::string description_key(const StreamLocation& location, std::string_view epoch) {
  return epoch_folder(location, epoch).append(kDescriptionName);
}

std::string watermark_key(const StreamLocation& location, std::string_view epoch,
                          std::string_view filter) {
  return filter_folder(location, epoch, filter).append(kWatermarkName);
}

std::string complete_key(const StreamLocation& location, std::string_view epoch,
                         std::string_view filter) {
  return filter_folder(location, epoch, filter).append(kCompleteName);
}

std::string index_key(const StreamLocation& location, std::string_view epoch,
                      std::string_view filter) {
  return filter_folder(location, epoch, filter).append(kIndexName);
}

std::string chunk_key(const StreamLocation& location, std::string_view epoch,
                      std::string_view filter, const ChunkName& name) {
  return filter_folder(location, epoch, filter).append(to_string(name));
}

std::string list_chunks_from(const StreamLocation& location, std::string_view epoch,
                             std::string_view filter, std::uint64_t first) {
  // Sorts before every name that begins with this sequence.
  return filter_folder(location, epoch, filter).append(fmt::format("{:020}", first));
}

Result<ChunkLocation> parse_chunk_key(const StreamLocation& location, std::string_view key) {
  const std::string folder = stream_folder(location);
  const auto bad = [&](std::string_view why) {
    return invalid(fmt::format("key '{}': {}", key.substr(0, 1'024), why));
  };
  if (!key.starts_with(folder)) {
    return bad(fmt::format("it isn't in '{}'", folder));
  }
  std::string_view rest = key.substr(folder.size());
  const std::string_view epoch = take_until(rest, '/');
  const std::string_view filter = take_until(rest, '/');
  if (auto parsed = parse_epoch_name(epoch); !parsed) {
    return bad(parsed.error().message);
  }
  if (filter.empty() || filter.size() > kMaxComponentBytes) {
    return bad("it has no filter");
  }
  auto name = parse_chunk_name(rest);
  if (!name) {
    return bad(name.error().message);
  }
  return ChunkLocation{std::string(epoch), std::string(filter), *name};
}

}  // namespace nats3::archive
