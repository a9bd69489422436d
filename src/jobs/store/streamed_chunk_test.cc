#include "jobs/store/streamed_chunk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <future>
#include <thread>

#include "archive/chunk_writer.h"
#include "jobs/store/pending_chunk_testing.h"

namespace nats3::jobs {
namespace {

using ::testing::ElementsAre;

// Runs tasks one by one, in the order that the test says.
class ChosenExecutor final : public Executor {
 public:
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  void post_at(MonotonicTime, Task task) override { post(std::move(task)); }
  [[nodiscard]] const Clock& clock() const override { return clock_; }

  [[nodiscard]] std::size_t waiting() const { return tasks_.size(); }
  void run(std::size_t index) {
    const Task task = std::move(tasks_[index]);
    tasks_.erase(tasks_.begin() + static_cast<std::ptrdiff_t>(index));
    task();
  }
  void run_all() {
    while (!tasks_.empty()) {
      run(0);
    }
  }

 private:
  std::deque<Task> tasks_;
  ManualClock clock_;
};

class StreamedChunkTest : public ::testing::Test {
 protected:
  std::unique_ptr<StreamedChunk> make_chunk(std::uint64_t previous = 0) {
    return std::make_unique<StreamedChunk>(
        kChunkSpec, previous, StreamedChunk::Tasks{executor_, [this] { ++compressed_; }});
  }

  // Messages that fill more than `frames` frames, each with its number in its payload.
  void fill(PendingChunk& chunk, std::uint64_t frames) {
    for (std::uint64_t sequence = 1; sequence <= frames * 4 + 1; ++sequence) {
      payload_.assign(250'000, static_cast<char>('a' + sequence));
      add_all(chunk, {{.message = {.sequence = sequence, .subject = "s", .payload = payload_}}});
    }
  }

  // What ChunkWriter makes of the same messages.
  std::string written(std::uint64_t frames) {
    archive::ChunkWriter writer(chunk_options(kChunkSpec, 0));
    for (std::uint64_t sequence = 1; sequence <= frames * 4 + 1; ++sequence) {
      payload_.assign(250'000, static_cast<char>('a' + sequence));
      EXPECT_TRUE(writer.add({.sequence = sequence, .subject = "s", .payload = payload_}));
    }
    return writer.finish()->bytes;
  }

  ChosenExecutor executor_;
  int compressed_ = 0;
  std::string payload_;
};

TEST_F(StreamedChunkTest, TellsItsRange) {
  const auto chunk = make_chunk(4);
  EXPECT_TRUE(chunk->empty());
  add_all(*chunk, {make_delivery(5, 10), make_delivery(7, 8), make_delivery(9, 12)});
  EXPECT_EQ(chunk->count(), 3);
  EXPECT_EQ(chunk->bytes(), 12);
  EXPECT_EQ(chunk->last_sequence(), 9);
  EXPECT_EQ(chunk->oldest(), at(10));
  EXPECT_EQ(chunk->seal(), (ChunkRange{.previous = 4,
                                       .first = 5,
                                       .last = 9,
                                       .count = 3,
                                       .time_min = at(8),
                                       .time_max = at(12)}));
  executor_.run_all();
  chunk->settle();
  EXPECT_THAT(sequences(chunk->encode()), ElementsAre(5, 7, 9));
}

TEST_F(StreamedChunkTest, KeepsNoMessage) {
  const auto chunk = make_chunk();
  auto batch = make_batch({make_delivery(1, 1)});
  const std::weak_ptr<const nats::DeliveryBatch> messages = batch;
  chunk->add(batch, 0);
  batch.reset();
  EXPECT_TRUE(messages.expired());
}

TEST_F(StreamedChunkTest, CompressesFramesWhileMessagesStillCome) {
  const auto chunk = make_chunk();
  fill(*chunk, 3);
  EXPECT_EQ(executor_.waiting(), 3);
  EXPECT_GT(chunk->uncompressed_bytes(), 3'000'000);
  executor_.run_all();
  chunk->settle();
  EXPECT_EQ(compressed_, 3);
  EXPECT_EQ(chunk->uncompressed_bytes(), 0);
  EXPECT_LT(chunk->held_bytes(), 10'000);
  chunk->seal();
  EXPECT_FALSE(chunk->can_encode());
  executor_.run_all();
  chunk->settle();
  EXPECT_TRUE(chunk->can_encode());
  EXPECT_EQ(chunk->encode().value().bytes, written(3));
}

TEST_F(StreamedChunkTest, PutsFramesInOrderInWhateverOrderTheyAreCompressed) {
  const std::string expected = written(3);
  std::vector<int> order{0, 1, 2, 3};
  do {
    const auto chunk = make_chunk();
    fill(*chunk, 3);
    chunk->seal();
    ASSERT_EQ(executor_.waiting(), order.size());
    for (std::size_t i = 0; i < order.size(); ++i) {
      const auto before = std::count_if(order.begin(), order.begin() + static_cast<int>(i),
                                        [&](int done) { return done < order[i]; });
      EXPECT_FALSE(chunk->can_encode());
      executor_.run(static_cast<std::size_t>(order[i] - before));
      chunk->settle();
    }
    ASSERT_TRUE(chunk->can_encode());
    ASSERT_EQ(chunk->encode().value().bytes, expected);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(StreamedChunkTest, SaysAtItsEndWhatTheFormatCannotHold) {
  const auto chunk = make_chunk();
  const std::vector<archive::HeaderField> unsorted{{"b", "1"}, {"a", "2"}};
  add_all(*chunk, {make_delivery(1, 1),
                   {.message = {.sequence = 2, .subject = "s", .headers = unsorted}},
                   make_delivery(3, 1)});
  EXPECT_EQ(chunk->seal().count, 3);
  executor_.run_all();
  chunk->settle();
  ASSERT_TRUE(chunk->can_encode());
  const auto encoded = chunk->encode();
  ASSERT_FALSE(encoded);
  EXPECT_THAT(encoded.error().message, ::testing::HasSubstr("message 2"));
  EXPECT_FALSE(chunk->encode());
}

TEST_F(StreamedChunkTest, MayGoBeforeItsTasks) {
  auto chunk = make_chunk();
  fill(*chunk, 2);
  chunk.reset();
  executor_.run_all();
  EXPECT_EQ(compressed_, 2);
}

TEST_F(StreamedChunkTest, TellsWhatItHoldsWhileItsBytesAreMade) {
  ThreadPool pool("encode", 2);
  std::atomic<int> compressed = 0;
  StreamedChunk chunk(kChunkSpec, 0, StreamedChunk::Tasks{pool, [&] { ++compressed; }});
  fill(chunk, 3);
  chunk.seal();
  while (compressed < 4) {
    std::this_thread::yield();
  }
  chunk.settle();
  ASSERT_TRUE(chunk.can_encode());
  std::promise<Result<archive::Chunk>> encoded;
  auto made = encoded.get_future();
  pool.post([&] { encoded.set_value(chunk.encode()); });
  std::uint64_t held = chunk.held_bytes();
  while (made.wait_for(std::chrono::seconds{0}) != std::future_status::ready) {
    held = std::min(held, chunk.held_bytes());
  }
  EXPECT_EQ(held, chunk.held_bytes());
  EXPECT_EQ(made.get().value().bytes, written(3));
}

TEST_F(StreamedChunkTest, TellsTheSameOnceItsBytesAreMade) {
  const auto chunk = make_chunk();
  add_all(*chunk, {make_delivery(5, 1), make_delivery(6, 2)});
  chunk->seal();
  executor_.run_all();
  chunk->settle();
  ASSERT_TRUE(chunk->encode());
  chunk->release_messages(false);
  EXPECT_EQ(chunk->count(), 2);
  EXPECT_EQ(chunk->bytes(), 8);
  EXPECT_EQ(chunk->held_bytes(), 0);
  EXPECT_EQ(chunk->last_sequence(), 6);
  EXPECT_EQ(chunk->oldest(), at(1));
  EXPECT_TRUE(chunk->ack_subjects().empty());
}

}  // namespace
}  // namespace nats3::jobs
