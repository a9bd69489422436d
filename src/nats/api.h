// Api: requests to JetStream's own subjects, $JS.API.> or those of a domain, in JSON written and
// read here. libnats' configuration structs are never used: they lack newer fields and would drop
// them.
//
// Thread-safe. Every call's errors: kUnavailable, kDenied; kInternal for an answer that isn't what
// JetStream documents.
// Source: https://docs.nats.io/reference/reference-protocols/nats_api_reference
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "nats/api_error.h"
#include "nats/broker.h"
#include "nats/client.h"
#include "nats/consumer_info.h"

namespace nats3::nats {

// Checks a name that becomes a token of a subject. `what`: "stream", "consumer", "bucket".
// Errors: kInvalid.
[[nodiscard]] Result<void> check_name(std::string_view what, std::string_view name);

class Api {
 public:
  explicit Api(std::shared_ptr<Client> client) : client_(std::move(client)) {}

  // Where to ask for `verb`: "$JS.API.<verb>".
  [[nodiscard]] std::string subject(std::string_view verb) const;
  // The answer to `verb`, which may be an error object.
  [[nodiscard]] Result<Json> request(const std::string& verb, const Json& body);
  // The same of the server's own JetStream, whatever the domain.
  [[nodiscard]] Result<Json> request_of_server(const std::string& verb);
  // As request(), with error objects turned into Errors that begin with `what`.
  [[nodiscard]] Result<Json> ask(const std::string& verb, const Json& body, std::string_view what);
  // The same for STREAM.INFO and CONSUMER.INFO. Errors: as check_led() as well.
  [[nodiscard]] Result<Json> ask_info(const std::string& verb, const Json& body,
                                      std::string_view what);

  // Errors: kNotFound.
  [[nodiscard]] Result<StreamInfo> stream_info(const std::string& stream);
  // See Broker.
  [[nodiscard]] Result<std::vector<std::string>> streams_of_subject(const std::string& subject);
  // `selector`: {"seq": n} or {"last_by_subj": subject}. From the stream's leader. nullopt: there
  // is no such message. Errors: kNotFound, of the stream.
  [[nodiscard]] Result<std::optional<OwnedMessage>> find_message(const std::string& stream,
                                                                 const Json& selector);
  // The same. Errors: kNotFound, of the message as well.
  [[nodiscard]] Result<OwnedMessage> get_message(const std::string& stream, const Json& selector);
  // As get_message by last_by_subj for many subjects, pipelined; subjects without a message are
  // left out. In the order of `subjects`.
  [[nodiscard]] Result<std::vector<OwnedMessage>> last_messages(
      const std::string& stream, const std::vector<std::string>& subjects);

  // For each of `from` the first sequence from there on of a message that `filter` selects, or
  // nullopt where there is none. Pipelined; the messages themselves are sent as well.
  [[nodiscard]] Result<std::vector<std::optional<std::uint64_t>>> next_sequences(
      const std::string& stream, const std::string& filter, const std::vector<std::uint64_t>& from);

  // Errors: kNotFound.
  [[nodiscard]] Result<ConsumerInfo> consumer_info(const std::string& stream,
                                                   const std::string& consumer);
  [[nodiscard]] Result<std::vector<ConsumerInfo>> list_consumers(const std::string& stream);
  // Errors: kNotFound.
  [[nodiscard]] Result<void> delete_consumer(const std::string& stream,
                                             const std::string& consumer);

  [[nodiscard]] Client& client() const { return *client_; }

 private:
  [[nodiscard]] Result<Json> request_at(const std::string& subject, const Json& body);
  // The answers to STREAM.MSG.GET, pipelined, in the order of `selectors`; nullopt: no message.
  Result<std::vector<std::optional<Json>>> stored_messages(
      const std::string& stream, const std::vector<std::string>& selectors);

  std::shared_ptr<Client> client_;
};

// That there is none: kNotFound.
[[nodiscard]] Error no_message(const std::string& stream, const Json& selector);
// For get_message(): the first message from sequence `from` on that `filter` ("": any) selects.
[[nodiscard]] Json next_selector(const std::string& filter, std::uint64_t from);

// Whether an answer that tells a state is the leader's. While a stream or a consumer of a cluster
// has none, any replica answers, with what it knows, which may be old: a stream that ends before a
// message which was acknowledged, say. Errors: kUnavailable, which begins with `what`. Source:
// nats-server 2.9 and 2.15, jsStreamInfoRequest.
[[nodiscard]] Result<void> check_led(const Json& answer, std::string_view what);
// Reads the "config" and "state" of a STREAM.INFO answer. Errors: kInternal.
[[nodiscard]] Result<StreamInfo> parse_stream_info(const Json& answer);
// Reads the "message" of a STREAM.MSG.GET answer. Errors: kInternal.
[[nodiscard]] Result<OwnedMessage> parse_stored_message(const Json& answer);

}  // namespace nats3::nats
