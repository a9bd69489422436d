// PullConsumer: a Source over plain pull requests, published to $JS.API.CONSUMER.MSG.NEXT and
// answered into an inbox, and acknowledgements, all over the shared deliveries.
//
// Why not libnats' own: natsSubscription_Fetch of 3.4.1 can wait out its timeout with the batch
// there, can write past its array, and lets an old request's status end the next one.
// Threads: as Source.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "nats/api.h"
#include "nats/broker.h"
#include "nats/client.h"
#include "nats/consumer_setup.h"
#include "nats/delivery_builder.h"
#include "nats/delivery_queue.h"
#include "nats/mailbox.h"
#include "nats/passed_over.h"
#include "nats/pull_credit.h"

namespace nats3::nats {

class PullConsumer final : public Source {
 public:
  // Makes or binds to the consumer and sends the first requests, over `deliveries`. Errors: as
  // Broker::open_source.
  static Result<std::unique_ptr<PullConsumer>> open(Api& api, Client& deliveries,
                                                    const SourceOptions& options);

  // Deletes the consumer if it was made for this source (best effort); a durable one stays.
  ~PullConsumer() override;
  PullConsumer(const PullConsumer&) = delete;
  PullConsumer& operator=(const PullConsumer&) = delete;

  Result<DeliveryBatch> fetch(const FetchLimits& limits) override;
  void on_ready(std::function<void()> callback) override;
  Result<void> ack(const std::vector<std::string>& ack_subjects) override;
  Result<void> extend(const std::vector<std::string>& ack_subjects) override;
  [[nodiscard]] std::size_t max_unacknowledged() const override {
    return consumer_.max_unacknowledged;
  }
  [[nodiscard]] std::uint64_t pending_at_open() const override { return consumer_.pending; }

 private:
  PullConsumer(const Api& api, std::shared_ptr<Link> link, OpenConsumer consumer,
               const SourceOptions& options);
  Result<void> subscribe();
  void take_in();
  void receive(const MessageView& message, DeliveryBuilder& batch, std::size_t index);
  DeliveryBatch up_to_what_was_passed_over(DeliveryBatch batch);
  void hear(const Mailbox::Answer& answer);
  void watch(MonotonicTime now);
  void set_catching_up(bool now);
  void request_more(MonotonicTime now);
  Result<void> send_acks(const std::vector<std::string>& ack_subjects, std::string_view body);
  void end(ErrorCode code, std::string why);

  const std::shared_ptr<Link> link_;
  const OpenConsumer consumer_;
  const std::shared_ptr<Mailbox> mailbox_;
  const std::string request_subject_;
  const std::string delete_subject_;
  std::chrono::milliseconds request_wait_{};
  std::chrono::milliseconds heartbeat_{};
  Link::Registration place_;

  Mailbox::Contents taken_;
  DeliveryQueue queue_;
  PullCredit credit_;
  MonotonicTime last_heard_;
  MonotonicTime no_request_before_;
  std::optional<PassedOver> passed_over_;  // where consumers do that
  std::uint64_t last_consumer_sequence_ = 0;
  bool catching_up_ = false;
  std::optional<Error> ended_;  // nothing more is received; what is queued is still handed out
};

}  // namespace nats3::nats
