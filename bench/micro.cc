// What single steps of nats3 do in bytes a second, beside zstd's and memcpy's own figures.
#include <benchmark/benchmark.h>
#include <zstd.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "archive/chunk_reader.h"
#include "archive/chunk_writer.h"
#include "base/digest.h"
#include "nats/ack_subject.h"
#include "object/s3/sign.h"

namespace nats3::bench {
namespace {

constexpr std::size_t kContentBytes = 4 << 20;  // in all messages of a chunk

// Words out of a small vocabulary: compresses about as records do.
std::string make_text(std::size_t size) {
  std::minstd_rand random(1);
  std::string text;
  while (text.size() < size) {
    text += std::to_string(random() % 5'000 * 7'919) + ' ';
  }
  text.resize(size);
  return text;
}

void set_bytes(benchmark::State& state, std::size_t each) {
  state.SetBytesProcessed(static_cast<std::int64_t>(each) * state.iterations());
}

// Messages of `size` bytes that view one text.
struct Sample {
  explicit Sample(std::size_t size) : text(make_text(kContentBytes)) {
    for (std::size_t at = 0; at + size <= text.size(); at += size) {
      messages.push_back({.sequence = messages.size() + 1,
                          .time = Timestamp{std::chrono::nanoseconds{1'000 * messages.size()}},
                          .subject = "orders.new",
                          .payload = std::string_view(text).substr(at, size)});
    }
  }

  [[nodiscard]] std::string encode() const {
    archive::ChunkWriter writer({.stream = "orders", .epoch = "e", .filter = "orders.>"});
    for (const auto& message : messages) {
      if (!writer.add(message)) {
        return {};
      }
    }
    auto chunk = writer.finish();
    return chunk ? std::move(chunk->bytes) : std::string();
  }

  std::string text;
  std::vector<archive::Message> messages;
};

void bm_memcpy(benchmark::State& state) {
  const std::string from = make_text(kContentBytes);
  std::string to(from.size(), '\0');
  for ([[maybe_unused]] const auto _ : state) {
    std::memcpy(to.data(), from.data(), from.size());
    benchmark::ClobberMemory();
  }
  set_bytes(state, from.size());
}

void bm_zstd_compress(benchmark::State& state) {
  const std::string from = make_text(kContentBytes);
  std::string to(ZSTD_compressBound(from.size()), '\0');
  ZSTD_CCtx* context = ZSTD_createCCtx();
  for ([[maybe_unused]] const auto _ : state) {
    benchmark::DoNotOptimize(
        ZSTD_compressCCtx(context, to.data(), to.size(), from.data(), from.size(), 1));
  }
  ZSTD_freeCCtx(context);
  set_bytes(state, from.size());
}

void bm_zstd_decompress(benchmark::State& state) {
  const std::string original = make_text(kContentBytes);
  std::string compressed(ZSTD_compressBound(original.size()), '\0');
  compressed.resize(
      ZSTD_compress(compressed.data(), compressed.size(), original.data(), original.size(), 1));
  std::string to(original.size(), '\0');
  for ([[maybe_unused]] const auto _ : state) {
    benchmark::DoNotOptimize(
        ZSTD_decompress(to.data(), to.size(), compressed.data(), compressed.size()));
  }
  set_bytes(state, original.size());
}

void bm_encode_chunk(benchmark::State& state) {
  const Sample sample(static_cast<std::size_t>(state.range(0)));
  for ([[maybe_unused]] const auto _ : state) {
    const std::string bytes = sample.encode();
    if (bytes.empty()) {
      state.SkipWithError("the chunk can't be written");
      break;
    }
  }
  set_bytes(state, sample.text.size());
}

void bm_decode_chunk(benchmark::State& state) {
  const Sample sample(static_cast<std::size_t>(state.range(0)));
  const std::string bytes = sample.encode();
  for ([[maybe_unused]] const auto _ : state) {
    if (!archive::decode_chunk(bytes)) {
      state.SkipWithError("the chunk can't be read");
      break;
    }
  }
  set_bytes(state, sample.text.size());
}

template <auto Digest>
void bm_digest(benchmark::State& state) {
  const std::string text = make_text(kContentBytes);
  for ([[maybe_unused]] const auto _ : state) {
    benchmark::DoNotOptimize(Digest(text));
  }
  set_bytes(state, text.size());
}

void bm_ack_subject(benchmark::State& state) {
  constexpr std::string_view kSubject =
      "$JS.ACK.orders.nats3-3f2a.1.123456789.123456789.1735689600123456789.98765";
  for ([[maybe_unused]] const auto _ : state) {
    benchmark::DoNotOptimize(nats::parse_ack_subject(kSubject));
  }
  set_bytes(state, kSubject.size());
}

// A request's signature; the bytes are those of its canonical form.
void bm_sign(benchmark::State& state) {
  const object::SigningRequest request{
      .method = "PUT",
      .path = "/archive/orders/20250101T000000.000000000Z/orders.%3E/00000000000000000001.bin.zst",
      .headers = {{"host", "s3.example.org"},
                  {"x-amz-content-sha256", std::string(object::kUnsignedPayload)},
                  {"x-amz-date", "20250101T000000Z"}},
      .payload_hash = std::string(object::kUnsignedPayload)};
  const object::SigningScope scope{.region = "us-east-1", .time = Timestamp{}};
  const object::Credentials credentials{.access = "access", .secret = "secret"};
  for ([[maybe_unused]] const auto _ : state) {
    benchmark::DoNotOptimize(object::authorization(request, scope, credentials));
  }
  set_bytes(state, object::canonical_request(request).size());
}

BENCHMARK(bm_memcpy);
BENCHMARK(bm_zstd_compress);
BENCHMARK(bm_encode_chunk)->Arg(100)->Arg(1'000)->Arg(16'000);
BENCHMARK(bm_zstd_decompress);
BENCHMARK(bm_decode_chunk)->Arg(100)->Arg(1'000)->Arg(16'000);
BENCHMARK(bm_digest<xxh3_64>)->Name("xxh3_64");
BENCHMARK(bm_digest<sha256>)->Name("sha256");
BENCHMARK(bm_digest<md5>)->Name("md5");
BENCHMARK(bm_ack_subject);
BENCHMARK(bm_sign);

}  // namespace
}  // namespace nats3::bench

BENCHMARK_MAIN();
