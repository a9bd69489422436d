// floor: what libnats and the server do with nothing in between. Measures, beside nats3 and on the
// same server, how fast a stream can be pulled and dropped, or the same messages published.
//
//   floor pull    --url URL --stream S --subject F --messages N --ack none|all|explicit --batch B
//                 [--zstd LEVEL]
//   floor publish --url URL --stream S --subject F --messages N --window W [--ids yes|no]
//
// `publish` takes a sample of the stream into memory first, then publishes it over and over under
// back.<subject>, with the headers that a load of nats3 adds; with --ids no those of one without
// message ids, into a target that must be empty. With --zstd, `pull` also compresses
// the payloads, a MiB at a time on a thread of its own, and drops the result: what anything that
// compresses can reach here. Prints one line of JSON. Uses no code of nats3, so that it can be
// believed on its own.
#include <nats/nats.h>
#include <zstd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kAckEvery = 5'000;
constexpr std::size_t kSampleBytes = std::size_t{64} << 20;
constexpr std::int64_t kSampleMessages = 20'000;
constexpr std::chrono::seconds kSilence{30};
constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
constexpr std::size_t kMostBlocks = 32;

void check(natsStatus status, const char* what) {
  if (status != NATS_OK) {
    std::cerr << "floor: " << what << ": " << natsStatus_GetText(status) << '\n';
    std::exit(1);
  }
}

struct Options {
  std::string mode, url, stream, subject;
  std::string ack = "none";
  std::int64_t messages = 0;
  std::int64_t batch = 5'000;
  std::int64_t window = 4'000;
  int zstd = 0;  // the level; 0: nothing is compressed
  bool ids = true;
};

Options read_options(int argc, char** argv) {
  std::map<std::string, std::string> given;
  for (int i = 2; i + 1 < argc; i += 2) {
    given[argv[i]] = argv[i + 1];
  }
  const auto number = [&](const char* name, std::int64_t otherwise) {
    return given.contains(name) ? std::strtol(given[name].c_str(), nullptr, 10) : otherwise;
  };
  Options options{.mode = argc > 1 ? argv[1] : "",
                  .url = given["--url"],
                  .stream = given["--stream"],
                  .subject = given["--subject"]};
  options.ack = given.contains("--ack") ? given["--ack"] : options.ack;
  options.messages = number("--messages", 0);
  options.batch = number("--batch", options.batch);
  options.window = number("--window", options.window);
  options.zstd = static_cast<int>(number("--zstd", options.zstd));
  options.ids = given["--ids"] != "no";
  const bool known = options.mode == "pull" || options.mode == "publish";
  if (!known || options.messages < 1 || options.batch < 1 || options.window < 1) {
    std::cerr << "usage: floor pull|publish --url URL --stream S --subject F --messages N "
                 "[--ack none|all|explicit] [--batch B] [--window W] [--zstd LEVEL] "
                 "[--ids yes|no]\n";
    std::exit(2);
  }
  return options;
}

// Compresses on a thread of its own what another one adds.
class Compressor {
 public:
  explicit Compressor(int level) : level_(level), thread_([this] { work(); }) {}

  void add(std::string_view bytes) {
    block_.append(bytes);
    if (block_.size() >= kBlockBytes) {
      hand_over();
    }
  }
  // Returns when all is compressed. Call once, last.
  void finish() {
    hand_over();
    hand_over();  // an empty block is the end
    thread_.join();
  }

 private:
  void hand_over() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return blocks_.size() < kMostBlocks; });
    blocks_.push_back(std::exchange(block_, {}));
    block_.reserve(kBlockBytes + kBlockBytes / 8);
    changed_.notify_all();
  }

  void work() {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    std::string out;
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !blocks_.empty(); });
      const std::string block = std::move(blocks_.front());
      blocks_.pop_front();
      changed_.notify_all();
      lock.unlock();
      if (block.empty()) {
        break;
      }
      out.resize(ZSTD_compressBound(block.size()));
      const std::size_t size =
          ZSTD_compressCCtx(context, out.data(), out.size(), block.data(), block.size(), level_);
      if (ZSTD_isError(size) != 0) {
        std::cerr << "floor: zstd: " << ZSTD_getErrorName(size) << '\n';
        std::exit(1);
      }
    }
    ZSTD_freeCCtx(context);
  }

  const int level_;
  std::string block_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> blocks_;
  std::thread thread_;
};

// Pulls a consumer of its own: two requests outstanding, each of `batch` messages.
class Puller {
 public:
  Puller(natsConnection* connection, const Options& options, bool keep)
      : connection_(connection), options_(options), keep_(keep) {
    const std::string name = "floor" + std::to_string(Clock::now().time_since_epoch().count());
    const std::string config =
        R"({"stream_name":")" + options.stream + R"(","config":{"durable_name":")" + name +
        R"(","deliver_policy":"all","replay_policy":"instant","filter_subject":")" +
        options.subject + R"(","ack_policy":")" + options.ack + R"(","max_ack_pending":)" +
        (options.ack == "none" ? "0" : "1000000") + "}}";
    consumer_ = options.stream + "." + name;
    request("$JS.API.CONSUMER.DURABLE.CREATE." + consumer_, config);
    check(natsInbox_Create(&inbox_), "inbox");
    check(natsConnection_Subscribe(&subscription_, connection, inbox_, &Puller::on_message, this),
          "subscribe");
    check(natsSubscription_SetPendingLimits(subscription_, -1, -1), "pending limits");
  }

  // Returns the seconds it took. With `keep`, the messages are in `kept` afterwards.
  double run() {
    const auto began = Clock::now();
    if (options_.zstd > 0) {
      compressor_ = std::make_unique<Compressor>(options_.zstd);
    }
    ask();
    ask();
    std::unique_lock lock(mutex_);
    std::int64_t seen = -1;
    while (!done_.wait_for(lock, kSilence, [&] { return all_; })) {
      if (std::exchange(seen, received_.load()) == received_) {
        std::cerr << "floor: nothing came for 30 s, after " << received_ << " messages\n";
        std::exit(1);
      }
    }
    lock.unlock();
    if (compressor_) {
      compressor_->finish();
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
    check(natsConnection_FlushTimeout(connection_, 10'000), "flush");
    request("$JS.API.CONSUMER.DELETE." + consumer_, "");
    return seconds;
  }

  std::vector<natsMsg*> kept;

 private:
  void request(const std::string& subject, const std::string& body) {
    natsMsg* answer = nullptr;
    check(natsConnection_RequestString(&answer, connection_, subject.c_str(), body.c_str(), 10'000),
          subject.c_str());
    const std::string_view text(natsMsg_GetData(answer),
                                static_cast<std::size_t>(natsMsg_GetDataLength(answer)));
    if (text.find(R"("error")") != text.npos) {
      std::cerr << "floor: " << subject << ": " << text << '\n';
      std::exit(1);
    }
    natsMsg_Destroy(answer);
  }

  void ask() {
    const std::string subject = "$JS.API.CONSUMER.MSG.NEXT." + consumer_;
    const std::string body = R"({"batch":)" + std::to_string(options_.batch) + "}";
    check(natsConnection_PublishRequestString(connection_, subject.c_str(), inbox_, body.c_str()),
          "pull");
  }

  static void on_message(natsConnection*, natsSubscription*, natsMsg* message, void* self) {
    static_cast<Puller*>(self)->receive(message);
  }

  void receive(natsMsg* message) {
    const char* reply = natsMsg_GetReply(message);
    if (reply == nullptr) {
      natsMsg_Destroy(message);
      return;  // a status
    }
    const std::int64_t number = ++received_;
    const bool acks =
        options_.ack == "explicit" ||
        (options_.ack == "all" && (number % kAckEvery == 0 || number == options_.messages));
    if (acks) {
      check(natsConnection_PublishString(connection_, reply, "+ACK"), "ack");
    }
    if (compressor_ && number <= options_.messages) {
      compressor_->add(
          {natsMsg_GetData(message), static_cast<std::size_t>(natsMsg_GetDataLength(message))});
    }
    if (keep_ && number <= options_.messages) {
      kept.push_back(message);
    } else {
      natsMsg_Destroy(message);
    }
    if (number % options_.batch == 0 && number < options_.messages) {
      ask();
    }
    if (number == options_.messages) {
      const std::lock_guard lock(mutex_);
      all_ = true;
      done_.notify_one();
    }
  }

  natsConnection* const connection_;
  const Options options_;
  const bool keep_;
  std::string consumer_;
  std::unique_ptr<Compressor> compressor_;  // null: nothing is compressed
  natsInbox* inbox_ = nullptr;
  natsSubscription* subscription_ = nullptr;
  std::atomic<std::int64_t> received_ = 0;
  std::mutex mutex_;
  std::condition_variable done_;
  bool all_ = false;  // were received
};

// Publishes with a reply subject to count the acknowledgements by; at most `window` in flight.
class Publisher {
 public:
  Publisher(natsConnection* connection, std::int64_t window, bool ids)
      : connection_(connection), window_(window), ids_(ids) {
    check(natsInbox_Create(&inbox_), "inbox");
    check(natsConnection_Subscribe(&subscription_, connection, inbox_, &Publisher::on_ack, this),
          "subscribe");
    check(natsSubscription_SetPendingLimits(subscription_, -1, -1), "pending limits");
  }

  double run(const std::vector<natsMsg*>& sample, const std::string& stream,
             std::int64_t messages) {
    const std::string run_id = std::to_string(Clock::now().time_since_epoch().count());
    const auto began = Clock::now();
    for (std::int64_t number = 1; number <= messages; ++number) {
      if (number - acked_ > window_) {
        wait_for(number - window_ / 2);
      }
      const auto index = static_cast<std::size_t>(number - 1) % sample.size();
      send(sample[index], run_id, stream, number);
    }
    wait_for(messages);
    return std::chrono::duration<double>(Clock::now() - began).count();
  }

 private:
  void send(natsMsg* original, const std::string& run_id, const std::string& stream,
            std::int64_t number) {
    const std::string subject = std::string("back.") + natsMsg_GetSubject(original);
    const std::string sequence = std::to_string(number);
    const std::string id = run_id + ":20261124T015425.123456789Z:" + sequence;
    natsMsg* message = nullptr;
    check(natsMsg_Create(&message, subject.c_str(), inbox_, natsMsg_GetData(original),
                         natsMsg_GetDataLength(original)),
          "message");
    copy_headers(original, message);
    check(natsMsgHeader_Set(message, ids_ ? "Nats-Msg-Id" : "Nats3-Load-Id", id.c_str()), "header");
    if (!ids_) {
      const std::string last = std::to_string(number - 1);
      check(natsMsgHeader_Set(message, "Nats-Expected-Last-Sequence", last.c_str()), "header");
    }
    check(natsMsgHeader_Set(message, "Nats3-Stream", stream.c_str()), "header");
    check(natsMsgHeader_Set(message, "Nats3-Sequence", sequence.c_str()), "header");
    check(natsMsgHeader_Set(message, "Nats3-Time", "2026-11-24T01:54:25.123456789Z"), "header");
    check(natsConnection_PublishMsg(connection_, message), "publish");
    natsMsg_Destroy(message);
  }

  static void copy_headers(natsMsg* from, natsMsg* to) {
    const char** names = nullptr;
    int count = 0;
    if (natsMsgHeader_Keys(from, &names, &count) != NATS_OK) {
      return;  // it has none
    }
    for (int i = 0; i < count; ++i) {
      const char* value = nullptr;
      check(natsMsgHeader_Get(from, names[i], &value), "header");
      check(natsMsgHeader_Set(to, names[i], value), "header");
    }
    free(static_cast<void*>(names));
  }

  void wait_for(std::int64_t acknowledged) {
    std::unique_lock lock(mutex_);
    awaited_ = acknowledged;
    if (!arrived_.wait_for(lock, kSilence, [&] { return acked_ >= acknowledged; })) {
      std::cerr << "floor: acknowledgements are missing: " << acked_ << " came\n";
      std::exit(1);
    }
  }

  static void on_ack(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
    auto* self = static_cast<Publisher*>(closure);
    const std::string_view text(natsMsg_GetData(message),
                                static_cast<std::size_t>(natsMsg_GetDataLength(message)));
    if (text.find(R"("seq":)") == text.npos || text.find("error") != text.npos ||
        text.find("duplicate") != text.npos) {
      std::cerr << "floor: a publish was answered with " << text << '\n';
      std::exit(1);
    }
    natsMsg_Destroy(message);
    if (++self->acked_ >= self->awaited_) {
      const std::lock_guard lock(self->mutex_);
      self->arrived_.notify_one();
    }
  }

  natsConnection* const connection_;
  const std::int64_t window_;
  const bool ids_;
  natsInbox* inbox_ = nullptr;
  natsSubscription* subscription_ = nullptr;
  std::atomic<std::int64_t> acked_ = 0;
  std::atomic<std::int64_t> awaited_ = 0;
  std::mutex mutex_;
  std::condition_variable arrived_;
};

double publish(natsConnection* connection, const Options& options) {
  Options sampling = options;
  sampling.ack = "none";
  sampling.messages = std::min(options.messages, kSampleMessages);
  // Not more than fits in memory: the messages of a workload have one size.
  Options first = sampling;
  first.messages = first.batch = 1;
  Puller one(connection, first, true);
  one.run();
  const auto size = static_cast<std::size_t>(natsMsg_GetDataLength(one.kept.front())) + 1;
  sampling.messages =
      std::min<std::int64_t>(sampling.messages, static_cast<std::int64_t>(kSampleBytes / size) + 1);
  sampling.batch = std::min(sampling.batch, sampling.messages);
  Puller sample(connection, sampling, true);
  sample.run();
  return Publisher(connection, options.window, options.ids)
      .run(sample.kept, options.stream, options.messages);
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = read_options(argc, argv);
  natsConnection* connection = nullptr;
  check(natsConnection_ConnectTo(&connection, options.url.c_str()), "connect");
  const double seconds = options.mode == "pull" ? Puller(connection, options, false).run()
                                                : publish(connection, options);
  std::printf("{\"mode\":\"%s\",\"ack\":\"%s\",\"messages\":%ld,\"seconds\":%.4f,\"rate\":%.0f}\n",
              options.mode.c_str(), options.ack.c_str(), options.messages, seconds,
              static_cast<double>(options.messages) / seconds);
  // The process ends here, and with it the connection and its callbacks.
  std::fflush(stdout);
  std::_Exit(0);
}
