// Binary records. The content of a frame is
//   "n3b2", count u32, sequence of the first record u64, its time i64
// and per record, all varints but the bytes themselves:
//   sequence - the one before, zigzag(time - the one before), name(subject), number of header
//   fields, for each name(its name) and its value after its length, payload after its length
// name(s) is the number that s got in this frame, from 1; or 0, its length and bytes when it is
// new.

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "archive/records.h"
#include "archive/wire.h"

namespace nats3::archive {
namespace {

constexpr std::string_view kMagic = "n3b2";
constexpr std::size_t kPreambleBytes = 24;
constexpr std::size_t kMinRecordBytes = 5;
constexpr std::size_t kMinFieldBytes = 2;

std::uint64_t ticks(Timestamp time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

class BinaryEncoder final : public RecordEncoder {
 public:
  explicit BinaryEncoder(StringPool& pool) : pool_(pool) {}

  void add(const Message& message, StringPool::Id subject) override {
    if (count_ == 0) {
      content_.assign(kPreambleBytes, '\0');
      first_sequence_ = last_sequence_ = message.sequence;
      first_time_ = last_time_ = ticks(message.time);
    }
    put_varint(content_, message.sequence - last_sequence_);
    put_varint(content_, zigzag(static_cast<std::int64_t>(ticks(message.time) - last_time_)));
    put_name(subject);
    put_varint(content_, message.headers.size());
    for (const auto& [name, value] : message.headers) {
      put_name(pool_.intern(name));
      put_bytes(content_, value);
    }
    put_bytes(content_, message.payload);
    last_sequence_ = message.sequence;
    last_time_ = ticks(message.time);
    ++count_;
  }

  [[nodiscard]] std::size_t size() const override { return content_.size(); }

  std::string take(std::string spare) override {
    std::string preamble(kMagic);
    put_fixed(preamble, count_);
    put_fixed(preamble, first_sequence_);
    put_fixed(preamble, first_time_);
    content_.replace(0, kPreambleBytes, preamble);
    count_ = 0;
    names_ = 0;
    ++frame_;
    spare.clear();
    return std::exchange(content_, std::move(spare));
  }

 private:
  void put_name(StringPool::Id id) {
    if (id >= numbers_.size()) {
      numbers_.resize(pool_.size());
    }
    Number& number = numbers_[id];
    if (number.frame == frame_) {
      put_varint(content_, number.value);
      return;
    }
    number = {frame_, ++names_};
    put_varint(content_, 0);
    put_bytes(content_, pool_.text(id));
  }

  // The number that a string of the pool has in a frame.
  struct Number {
    std::uint32_t frame = 0;
    std::uint32_t value = 0;
  };

  StringPool& pool_;
  std::string content_;
  std::vector<Number> numbers_;  // by Id
  std::uint32_t frame_ = 1;
  std::uint32_t names_ = 0;  // in this frame
  std::uint32_t count_ = 0;
  std::uint64_t first_sequence_ = 0;
  std::uint64_t last_sequence_ = 0;
  std::uint64_t first_time_ = 0;
  std::uint64_t last_time_ = 0;
};

tl::unexpected<Error> corrupt(std::string_view why) {
  return fail(ErrorCode::kCorrupt, fmt::format("binary records: {}", why));
}

class BinaryDecoder {
 public:
  explicit BinaryDecoder(std::string_view content) : in_(content) {}

  Result<Records> run() {
    const std::string_view magic = in_.take(kMagic.size());
    const auto count = in_.fixed<std::uint32_t>();
    sequence_ = in_.fixed<std::uint64_t>();
    time_ = in_.fixed<std::uint64_t>();
    if (!in_.ok() || magic != kMagic) {
      return corrupt("they don't begin as a frame does");
    }
    // Each record takes some bytes, so a count can't make us reserve more than the input allows.
    if (count == 0 || count > kMaxFrameMessages || count > in_.remaining() / kMinRecordBytes) {
      return corrupt(fmt::format("a count of {} can't be", count));
    }
    records_.messages.reserve(count);
    header_ends_.reserve(count);
    for (std::uint32_t i = 0; i < count; ++i) {
      if (const char* flaw = read_record(); flaw != nullptr) {
        return corrupt(fmt::format("record {} of {}: {}", i + 1, count, flaw));
      }
    }
    if (in_.remaining() != 0) {
      return corrupt("there is something after the last one");
    }
    attach_headers();
    return std::move(records_);
  }

 private:
  // Returns what is wrong, or null.
  const char* read_record() {
    const std::uint64_t step = in_.varint();
    const bool is_first = records_.messages.empty();
    if (is_first ? step != 0 || sequence_ == 0
                 : step == 0 || step > std::numeric_limits<std::uint64_t>::max() - sequence_) {
      return "its sequence isn't above the one before";
    }
    const std::uint64_t time_step = in_.varint();
    if (is_first && time_step != 0) {
      return "its time isn't the one at the beginning of the frame";
    }
    sequence_ += step;
    time_ += static_cast<std::uint64_t>(unzigzag(time_step));
    Message message;
    message.sequence = sequence_;
    message.time = Timestamp{std::chrono::nanoseconds{static_cast<std::int64_t>(time_)}};
    if (!read_name(message.subject)) {
      return "its subject has a number that no name got";
    }
    if (const char* flaw = read_headers(); flaw != nullptr) {
      return flaw;
    }
    message.payload = in_.bytes();
    if (!in_.ok()) {
      return "it is cut off or has a number in a wrong form";
    }
    records_.messages.push_back(message);
    header_ends_.push_back(records_.fields.size());
    return nullptr;
  }

  const char* read_headers() {
    const std::uint64_t fields = in_.varint();
    const std::size_t begin = records_.fields.size();
    if (fields > in_.remaining() / kMinFieldBytes || fields > kMaxFrameFields - begin) {
      return "it has more header fields than can be";
    }
    for (std::uint64_t i = 0; i < fields; ++i) {
      HeaderField field;
      if (!read_name(field.name)) {
        return "a header field has a number that no name got";
      }
      field.value = in_.bytes();
      if (!in_.ok()) {
        return "it is cut off or has a number in a wrong form";
      }
      if (i > 0 && field.name < records_.fields.back().name) {
        return "its header fields aren't sorted by name";
      }
      records_.fields.push_back(field);
    }
    return nullptr;
  }

  bool read_name(std::string_view& name) {
    const std::uint64_t number = in_.varint();
    if (number == 0) {
      name = in_.bytes();
      names_.push_back(name);
      return true;
    }
    if (number > names_.size()) {
      return false;
    }
    name = names_[number - 1];
    return true;
  }

  // Only now, since `fields` moves while it grows.
  void attach_headers() {
    std::size_t begin = 0;
    for (std::size_t i = 0; i < header_ends_.size(); ++i) {
      records_.messages[i].headers =
          std::span(records_.fields).subspan(begin, header_ends_[i] - begin);
      begin = header_ends_[i];
    }
  }

  ByteReader in_;
  Records records_;
  std::vector<std::size_t> header_ends_;  // in fields, by message
  std::vector<std::string_view> names_;
  std::uint64_t sequence_ = 0;
  std::uint64_t time_ = 0;
};

}  // namespace

std::unique_ptr<RecordEncoder> make_binary_encoder(StringPool& pool) {
  return std::make_unique<BinaryEncoder>(pool);
}

Result<Records> decode_binary_records(std::string_view content) {
  return BinaryDecoder(content).run();
}

}  // namespace nats3::archive
