// What reading a part of a large archive costs, in requests and in bytes.
//
//   nats3_archive_bench [--keys N] [--messages N]
//
// Prints one line of JSON: the requests to plan a replay of one hour out of a year in N chunks,
// whose index a store job has made; and, of an archive of N messages, the share of its bytes that
// are read for 1 % of its time, and for one of its 10,000 subjects.
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "archive/chunk_writer.h"
#include "archive/epoch.h"
#include "base/executor.h"
#include "bench/simulated_bucket.h"
#include "catalog/archive_reader.h"
#include "catalog/catalog.h"
#include "catalog/replay_reader.h"
#include "jobs/store/index_writer.h"
#include "object/memory/memory_store.h"

namespace nats3::bench {
namespace {

constexpr std::uint64_t kSubjects = 10'000;
constexpr std::uint64_t kChunkMessages = 16'000;
constexpr std::size_t kPayloadBytes = 1'000;
constexpr std::chrono::nanoseconds kInterval{1'000'000};  // between two messages
constexpr Timestamp kBegin{std::chrono::nanoseconds{1'735'689'600'000'000'000}};

[[noreturn]] void give_up(std::string_view what, const Error& error) {
  std::cerr << "nats3_archive_bench: " << what << ": " << error.message << '\n';
  std::exit(1);
}

template <typename T>
T or_give_up(std::string_view what, Result<T> result) {
  if (!result) {
    give_up(what, result.error());
  }
  return std::move(*result);
}

// Hands everything on, and counts the bytes that are got.
class CountingStore final : public object::ObjectStore {
 public:
  explicit CountingStore(std::shared_ptr<object::ObjectStore> store) : store_(std::move(store)) {}

  Result<void> put(const std::string& key, const object::Body& body) override {
    return store_->put(key, body);
  }
  Result<std::string> get(const std::string& key, std::optional<object::ByteRange> range) override {
    auto bytes = store_->get(key, range);
    read_bytes_ += bytes ? bytes->size() : 0;
    return bytes;
  }
  Result<object::ObjectInfo> head(const std::string& key) override { return store_->head(key); }
  Result<object::ListPage> list(const object::ListQuery& query) override {
    return store_->list(query);
  }
  Result<void> remove(const std::string& key) override { return store_->remove(key); }

  std::uint64_t take_read_bytes() { return std::exchange(read_bytes_, 0); }

 private:
  std::shared_ptr<object::ObjectStore> store_;
  std::uint64_t read_bytes_ = 0;
};

class OwnLease final : public jobs::Lease {
 public:
  [[nodiscard]] bool held() const override { return true; }
};

// Has the index made as a store job does, that finds an archive without one.
void make_index(const std::shared_ptr<SimulatedBucket>& bucket) {
  ManualExecutor tasks;
  const OwnLease lease;
  const auto catalog =
      or_give_up("catalog", catalog::Catalog::open(bucket, bucket->location().prefix, "orders"));
  const auto writer = std::make_shared<jobs::IndexWriter>(
      jobs::IndexWriter::Subject{catalog, bucket->epoch(), bucket->filter()}, lease, tasks, [] {});
  or_give_up("index", writer->begin().map([] { return true; }));
  tasks.advance(jobs::IndexWriter::kSettle);
  for (writer->extend(UINT64_MAX); !writer->idle(); writer->extend(UINT64_MAX)) {
    tasks.run_ready();
  }
}

// Requests until the first chunk would be read, as a load job plans: it counts, then reads.
std::uint64_t plan_requests(std::uint64_t keys) {
  const auto bucket = std::make_shared<SimulatedBucket>(keys);
  make_index(bucket);
  bucket->reset_requests();
  const auto catalog =
      or_give_up("catalog", catalog::Catalog::open(bucket, bucket->location().prefix, "orders"));
  const Timestamp from = bucket->time_at(0.5);
  const catalog::Selection selection{.from_time = from, .to_time = from + std::chrono::hours{1}};
  or_give_up("count", catalog::count_replayed(*catalog, selection));
  catalog::ReplayReader reader(*catalog, selection, catalog::OnDamage::kFail);
  while (bucket->requests_before_chunks() == 0) {
    const auto batch = reader.next();
    if (batch && !*batch) {
      std::cerr << "nats3_archive_bench: the plan came to no chunk\n";
      std::exit(1);
    }
  }
  return bucket->requests_before_chunks();
}

// An archive of `messages` messages, subjects in no order.
class Archive {
 public:
  explicit Archive(std::uint64_t messages)
      : store_(std::make_shared<CountingStore>(object::make_memory_store())),
        catalog_(or_give_up("catalog", catalog::Catalog::open(store_, "", "orders"))) {
    or_give_up(
        "epoch",
        catalog_
            ->put_epoch(
                {.stream = "orders", .name = epoch_, .created = kBegin, .config = Json::object()})
            .map([] { return true; }));
    for (std::uint64_t first = 1; first <= messages; first += kChunkMessages) {
      write_chunk(first, std::min(first + kChunkMessages - 1, messages));
    }
  }

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // One that it holds.
  [[nodiscard]] const std::string& a_subject() const { return subject_; }

  // The bytes that are read for a selection, and at least `expected` messages found.
  std::uint64_t read(const catalog::Selection& selection, std::uint64_t expected) {
    store_->take_read_bytes();
    catalog::ReplayReader reader(*catalog_, selection, catalog::OnDamage::kFail);
    std::uint64_t found = 0;
    while (auto batch = or_give_up("reading", reader.next())) {
      found += batch->messages.size();
    }
    if (found < expected) {
      std::cerr << "nats3_archive_bench: " << found << " messages instead of " << expected << '\n';
      std::exit(1);
    }
    return store_->take_read_bytes();
  }

 private:
  void write_chunk(std::uint64_t first, std::uint64_t last) {
    archive::ChunkWriter writer(
        {.stream = "orders", .epoch = epoch_, .filter = ">", .previous = first - 1});
    std::string payload;
    for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
      const std::string subject = "orders." + std::to_string(random_() % kSubjects);
      subject_ = subject_.empty() ? subject : subject_;
      fill(payload);
      or_give_up("message", writer
                                .add({.sequence = sequence,
                                      .time = kBegin + kInterval * static_cast<int>(sequence),
                                      .subject = subject,
                                      .payload = payload})
                                .map([] { return true; }));
    }
    const auto chunk = or_give_up("chunk", writer.finish());
    bytes_ += chunk.bytes.size();
    const auto name = archive::chunk_name(chunk.summary, archive::Encoding::kBinary);
    or_give_up("put", store_
                          ->put(archive::chunk_key(catalog_->location(), epoch_, ">", name),
                                object::Body{chunk.bytes, chunk.sha256})
                          .map([] { return true; }));
  }

  // Words out of a small vocabulary: compresses about as records do.
  void fill(std::string& payload) {
    payload.clear();
    while (payload.size() < kPayloadBytes) {
      payload += std::to_string(random_() % 5'000 * 7'919) + ' ';
    }
  }

  const std::string epoch_ = archive::to_string(archive::EpochName{.created = kBegin});
  std::shared_ptr<CountingStore> store_;
  std::shared_ptr<catalog::Catalog> catalog_;
  std::minstd_rand random_{1};
  std::uint64_t bytes_ = 0;
  std::string subject_;  // of the first message
};

std::uint64_t option(int argc, char** argv, std::string_view name, std::uint64_t otherwise) {
  for (int i = 1; i + 1 < argc; ++i) {
    if (argv[i] == name) {
      return std::strtoull(argv[i + 1], nullptr, 10);
    }
  }
  return otherwise;
}

void run(std::uint64_t keys, std::uint64_t messages) {
  Archive archive(messages);
  const auto share = [&](std::uint64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(archive.bytes());
  };
  const auto middle = static_cast<std::int64_t>(messages / 2);
  const auto window = static_cast<std::int64_t>(messages / 100);
  const double of_window =
      share(archive.read({.from_time = kBegin + kInterval * middle,
                          .to_time = kBegin + kInterval * (middle + window - 1)},
                         messages / 100));
  const double of_subject = share(archive.read({.subject = archive.a_subject()}, 1));
  const std::uint64_t requests = plan_requests(keys);
  std::printf(
      "{\"keys\":%llu,\"plan_requests\":%llu,\"messages\":%llu,\"bytes\":%llu,"
      "\"window_share\":%.4f,\"subject_share\":%.4f}\n",
      static_cast<unsigned long long>(keys), static_cast<unsigned long long>(requests),
      static_cast<unsigned long long>(messages), static_cast<unsigned long long>(archive.bytes()),
      of_window, of_subject);
}

}  // namespace
}  // namespace nats3::bench

int main(int argc, char** argv) {
  const std::uint64_t keys = nats3::bench::option(argc, argv, "--keys", 10'000'000);
  const std::uint64_t messages = nats3::bench::option(argc, argv, "--messages", 1'000'000);
  if (keys == 0 || messages < 1'000) {
    std::cerr << "usage: nats3_archive_bench [--keys N] [--messages N, 1000 at least]\n";
    return 2;
  }
  nats3::bench::run(keys, messages);
}
