#include "nats/pull_consumer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <random>
#include <utility>

#include "nats/ack_subject.h"
#include "nats/pull_status.h"

namespace nats3::nats {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRequestWait{30'000};
constexpr milliseconds kRequestSpread{5'000};  // so that many idle sources don't ask in step
constexpr milliseconds kHeartbeat{5'000};
constexpr milliseconds kGrace{1'000};  // for statuses on their way
constexpr milliseconds kCrowdedWait{1'000};

milliseconds random_wait() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return kRequestWait + milliseconds{std::uniform_int_distribution<int>(
                            0, static_cast<int>(kRequestSpread.count()))(random)};
}

MonotonicTime monotonic_now() { return Clock::system().monotonic(); }

PullCredit::Limits credit_limits(const SourceOptions& options, const OpenConsumer& consumer) {
  return {.max_messages = std::max<std::size_t>(options.max_buffered_messages, 1),
          .max_bytes = std::max<std::size_t>(options.max_buffered_bytes, 1),
          .max_request_messages = consumer.max_request_messages,
          .max_request_bytes = consumer.max_request_bytes};
}

// See missing_sequences.h.
void settle_missing(Link& link, OpenConsumer& consumer) {
  for (const std::uint64_t sequence : std::exchange(consumer.missing, {})) {
    static_cast<void>(link.channel().publish(
        {fmt::format("$JS.ACK.{}.{}.1.{}.0.0.0", consumer.stream, consumer.name, sequence),
         {},
         "+ACK"},
        ""));
  }
}

}  // namespace

PullConsumer::PullConsumer(const Api& api, std::shared_ptr<Link> link, OpenConsumer consumer,
                           const SourceOptions& options)
    : link_(std::move(link)),
      consumer_(std::move(consumer)),
      mailbox_(std::make_shared<Mailbox>()),
      request_subject_(
          api.subject(fmt::format("CONSUMER.MSG.NEXT.{}.{}", consumer_.stream, consumer_.name))),
      delete_subject_(
          api.subject(fmt::format("CONSUMER.DELETE.{}.{}", consumer_.stream, consumer_.name))),
      credit_(credit_limits(options, consumer_)) {
  const auto allowed = std::chrono::duration_cast<milliseconds>(consumer_.max_request_wait);
  request_wait_ = std::min(random_wait(), allowed);
  heartbeat_ = std::min(kHeartbeat, request_wait_ / 2);
  no_request_before_ = monotonic_now() + consumer_.hold_off;
}

Result<std::unique_ptr<PullConsumer>> PullConsumer::open(Api& api, Client& deliveries,
                                                         const SourceOptions& options) {
  if (auto up = api.client().status(); !up) {
    return fail(up.error());
  }
  auto link = deliveries.link();
  if (!link) {
    return fail(link.error());
  }
  auto consumer = open_consumer(api, options);
  if (!consumer) {
    return fail(consumer.error());
  }
  settle_missing(**link, *consumer);
  std::unique_ptr<PullConsumer> source(
      new PullConsumer(api, std::move(*link), std::move(*consumer), options));
  if (source->consumer_.may_pass_over) {
    source->passed_over_.emplace(api, options.stream, options.filter_subject,
                                 options.start_sequence);
  }
  if (auto subscribed = source->subscribe(); !subscribed) {
    return fail(subscribed.error());
  }
  source->set_catching_up(source->pending_at_open() > 0);  // its first request counts already
  source->request_more(monotonic_now());
  return source;
}

Result<void> PullConsumer::subscribe() {
  if (!consumer_.explicit_ack) {
    place_ = link_->add(mailbox_, fmt::format("{}.{}", consumer_.stream, consumer_.name));
    return {};
  }
  auto place = link_->add_subscribed(mailbox_);
  if (!place) {
    return fail(place.error());
  }
  place_ = std::move(*place);
  return {};
}

PullConsumer::~PullConsumer() {
  mailbox_->on_ready(nullptr);
  if (!consumer_.explicit_ack) {
    set_catching_up(false);
    static_cast<void>(link_->channel().publish({delete_subject_, {}, ""}, place_.reply_subject(0)));
    return;
  }
  // The end of the subscription goes first, so that these aren't delivered here again.
  place_ = {};
  take_in();
  while (!queue_.empty()) {
    const DeliveryBatch batch = queue_.take({.max_messages = SIZE_MAX, .max_bytes = SIZE_MAX});
    for (const Delivery& delivery : batch.deliveries()) {
      static_cast<void>(link_->channel().publish({delivery.ack_subject, {}, "-NAK"}, ""));
    }
  }
  set_catching_up(false);
}

Result<DeliveryBatch> PullConsumer::fetch(const FetchLimits& limits) {
  for (;;) {
    const MonotonicTime now = monotonic_now();
    take_in();
    watch(now);
    DeliveryBatch batch = queue_.take(limits);
    if (!ended_) {
      request_more(now);
    }
    if (!batch.empty()) {
      return batch;
    }
    if (ended_) {
      return fail(*ended_);
    }
    if (mailbox_->arm()) {
      return batch;
    }
  }
}

void PullConsumer::on_ready(std::function<void()> callback) {
  mailbox_->on_ready(std::move(callback));
}

void PullConsumer::take_in() {
  mailbox_->take(taken_);
  if (taken_.memory || taken_.heard) {
    last_heard_ = monotonic_now();
  }
  if (!taken_.deliveries.empty()) {
    DeliveryBuilder batch(taken_.memory, taken_.deliveries.size());
    std::size_t index = 0;
    for (const MessageView& message : taken_.deliveries) {
      receive(message, batch, index++);
    }
    queue_.push(up_to_what_was_passed_over(batch.finish()));
  }
  for (const Mailbox::Answer& answer : taken_.answers) {
    hear(answer);
  }
  taken_.deliveries.clear();
  taken_.answers.clear();
  taken_.memory.reset();
  taken_.heard = false;
}

DeliveryBatch PullConsumer::up_to_what_was_passed_over(DeliveryBatch batch) {
  const auto found = passed_over_ ? passed_over_->find() : std::nullopt;
  if (!found) {
    return batch;
  }
  end(found->why.code, found->why.message);
  return batch.part(0, std::min(found->index, batch.deliveries().size()));
}

void PullConsumer::receive(const MessageView& message, DeliveryBuilder& batch, std::size_t index) {
  if (ended_) {
    return;  // past a gap
  }
  const auto ack = parse_ack_subject(message.reply);
  if (!ack) {
    end(ErrorCode::kInternal, fmt::format("the ack subject \"{}\" can't be read", message.reply));
    return;
  }
  if (!consumer_.explicit_ack && ack->consumer_sequence != last_consumer_sequence_ + 1) {
    end(ErrorCode::kUnavailable,
        fmt::format("its delivery {} came after {}: messages between were lost on the way",
                    ack->consumer_sequence, last_consumer_sequence_));
    return;
  }
  last_consumer_sequence_ = ack->consumer_sequence;
  if (passed_over_) {
    passed_over_->take(ack->stream_sequence, index);
  }
  credit_.delivered(size_of(message));
  set_catching_up(ack->pending > 0);
  if (auto added = batch.add(message, *ack); !added) {
    end(added.error().code, added.error().message);
  }
}

void PullConsumer::set_catching_up(bool now) {
  if (now != catching_up_) {
    catching_up_ = now;
    link_->add_catching_up(now ? 1 : -1);
  }
}

void PullConsumer::hear(const Mailbox::Answer& answer) {
  const auto status = read_pull_status(answer.message);
  if (!status) {
    return end(status.error().code, status.error().message);
  }
  switch (status->kind) {
    case PullStatus::Kind::kEnded:
      if (status->messages_left != 0U) {
        set_catching_up(false);  // nothing waited; the next delivery knows better
      }
      return credit_.ended(answer.token, status->messages_left);
    case PullStatus::Kind::kTooLarge:
      return credit_.ended_by_size(answer.token, status->messages_left.value_or(0),
                                   status->bytes_left.value_or(0));
    case PullStatus::Kind::kCrowded:
      no_request_before_ = monotonic_now() + kCrowdedWait;
      return credit_.ended(answer.token, std::nullopt);
    case PullStatus::Kind::kGone:
      return end(ErrorCode::kUnavailable, fmt::format("the server says: {}", status->text));
    case PullStatus::Kind::kRefused:
      return end(ErrorCode::kInvalid, fmt::format("the server refuses: {}", status->text));
  }
}

void PullConsumer::watch(MonotonicTime now) {
  credit_.expire(now);
  if (const auto status = link_->channel().status(); !status) {
    end(ErrorCode::kUnavailable, status.error().message);
  } else if (credit_.any_open() && now - last_heard_ > 2 * heartbeat_ + kGrace) {
    end(ErrorCode::kUnavailable,
        fmt::format("nothing was heard of it for {} ms, not even a heartbeat",
                    std::chrono::duration_cast<milliseconds>(now - last_heard_).count()));
  }
}

void PullConsumer::request_more(MonotonicTime now) {
  if (now < no_request_before_) {
    return;
  }
  const bool was_open = credit_.any_open();
  credit_.set_share(link_->request_share());
  while (const auto request =
             credit_.next(queue_.messages(), queue_.bytes(), now + request_wait_ + kGrace)) {
    std::string body =
        fmt::format(R"({{"batch":{},"expires":{},"idle_heartbeat":{})", request->messages,
                    std::chrono::nanoseconds{request_wait_}.count(),
                    std::chrono::nanoseconds{heartbeat_}.count());
    body += request->bytes > 0 ? fmt::format(R"(,"max_bytes":{}}})", request->bytes) : "}";
    const std::string reply = place_.reply_subject(request->token);
    const auto sent = link_->channel().publish({request_subject_, {}, body}, reply);
    if (!sent) {
      return end(ErrorCode::kUnavailable, sent.error().message);
    }
    last_heard_ = was_open ? last_heard_ : now;
  }
}

Result<void> PullConsumer::ack(const std::vector<std::string>& ack_subjects) {
  return send_acks(ack_subjects, "+ACK");
}

Result<void> PullConsumer::extend(const std::vector<std::string>& ack_subjects) {
  return send_acks(ack_subjects, "+WPI");
}

Result<void> PullConsumer::send_acks(const std::vector<std::string>& ack_subjects,
                                     std::string_view body) {
  if (ack_subjects.empty()) {
    return {};
  }
  // Over the connection that delivered, which never reconnects: a server that was restarted may
  // have forgotten deliveries, and an acknowledgement of one would take a message away that it
  // still means to deliver. The server handles a consumer's acks in order: its answer to the last
  // is one for all.
  for (std::size_t i = 0; i + 1 < ack_subjects.size(); ++i) {
    if (auto sent = link_->channel().publish({ack_subjects[i], {}, body}, ""); !sent) {
      return sent;
    }
  }
  auto answer = link_->request({ack_subjects.back(), {}, body});
  if (!answer) {
    return fail(answer.error().with_context(fmt::format("acknowledging to consumer {} of stream {}",
                                                        consumer_.name, consumer_.stream)));
  }
  return {};
}

void PullConsumer::end(ErrorCode code, std::string why) {
  if (!ended_) {
    ended_ = Error{
        code, fmt::format("consumer {} of stream {}: {}", consumer_.name, consumer_.stream, why)};
  }
}

}  // namespace nats3::nats
