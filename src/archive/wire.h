// The byte grammar of chunks: little-endian integers, LEB128 varints and bytes after their length.
// Source: docs/format.md.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace nats3::archive {

template <typename Unsigned>
void put_fixed(std::string& out, Unsigned value) {
  char bytes[sizeof(Unsigned)];
  for (std::size_t i = 0; i < sizeof(Unsigned); ++i) {
    bytes[i] = static_cast<char>(value >> (8 * i));
  }
  out.append(bytes, sizeof(Unsigned));
}

inline constexpr std::size_t kMaxVarintBytes = 10;

// Writes `value` to `out`, which has room for kMaxVarintBytes. Returns the end of what it wrote.
inline char* write_varint(char* out, std::uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}

inline void put_varint(std::string& out, std::uint64_t value) {
  char bytes[kMaxVarintBytes];
  out.append(bytes, static_cast<std::size_t>(write_varint(bytes, value) - bytes));
}

inline void put_bytes(std::string& out, std::string_view bytes) {
  put_varint(out, bytes.size());
  out += bytes;
}

// Small numbers of either sign become small unsigned ones.
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// Reads what the functions above write. Reading past the end, or a varint that isn't in its
// shortest form, gives zeros and turns ok() false for good: check it before using what was read.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : next_(bytes.data()), end_(next_ + bytes.size()) {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::size_t remaining() const { return static_cast<std::size_t>(end_ - next_); }

  template <typename Unsigned>
  Unsigned fixed() {
    const std::string_view bytes = take(sizeof(Unsigned));
    Unsigned value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      value |= static_cast<Unsigned>(static_cast<Unsigned>(static_cast<unsigned char>(bytes[i]))
                                     << (8 * i));
    }
    return value;
  }

  std::uint64_t varint() {
    if (next_ != end_ && static_cast<unsigned char>(*next_) < 0x80) {
      return static_cast<unsigned char>(*next_++);
    }
    return long_varint();
  }

  // `size` bytes, as a view into what is read.
  std::string_view take(std::uint64_t size) {
    if (size > remaining()) {
      fail();
      return {};
    }
    const std::string_view bytes(next_, size);
    next_ += size;
    return bytes;
  }

  // Bytes after their length.
  std::string_view bytes() { return take(varint()); }

 private:
  std::uint64_t long_varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (next_ == end_) {
        break;
      }
      const auto byte = static_cast<unsigned char>(*next_++);
      if (shift == 63 && byte > 1) {
        break;
      }
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte == 0 && shift != 0) {
          break;  // a zero at the end says nothing: not the shortest form
        }
        return value;
      }
    }
    fail();
    return 0;
  }

  void fail() {
    ok_ = false;
    next_ = end_;
  }

  const char* next_;
  const char* end_;
  bool ok_ = true;
};

}  // namespace nats3::archive
