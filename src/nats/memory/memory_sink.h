// MemorySink: a Sink into a MemoryBroker's streams. Threads: as Sink; guarded by the broker.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "nats/memory/memory_broker.h"

namespace nats3::nats {

class MemorySink final : public Sink {
 public:
  explicit MemorySink(MemoryBroker& broker) : broker_(broker) {}
  ~MemorySink() override;

  Result<void> publish(const OutgoingMessage& message, std::uint64_t token) override;
  std::vector<PublishOutcome> take_outcomes() override;
  Result<void> flush() override;
  void on_ready(std::function<void()> callback) override;

  // For the broker, which holds its lock.
  void lose(std::string why);
  void wake();
  // A message of its own reached the server.
  void arrived(std::uint64_t token, Result<PublishAck> ack,
               std::optional<MemoryBroker::PublishFault> fault);

 private:
  MemoryBroker& broker_;
  std::optional<Error> lost_;
  std::vector<PublishOutcome> outcomes_;
  std::function<void()> ready_;
};

}  // namespace nats3::nats
