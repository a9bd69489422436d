#include "nats/key_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

#include "base/uuid.h"
#include "nats/api.h"
#include "nats/headers.h"
#include "nats/pub_ack.h"

namespace nats3::nats {
namespace {

constexpr std::string_view kOperation = "KV-Operation";
constexpr std::string_view kNonce = "Nats3-Nonce";
constexpr std::string_view kExpectedRevision = "Nats-Expected-Last-Subject-Sequence";
constexpr std::size_t kMaxKeyLength = 512;
constexpr std::size_t kManyChanges = 16;

enum class Operation { kPut, kDelete };

bool is_marker(const archive::Message& message) {
  const std::string_view operation = find_header(message.headers, kOperation);
  return operation == "DEL" || operation == "PURGE";
}

class NatsKeyValue final : public KeyValue {
 public:
  NatsKeyValue(std::shared_ptr<Client> client, const std::string& bucket)
      : api_(std::move(client)),
        stream_(fmt::format("KV_{}", bucket)),
        prefix_(fmt::format("$KV.{}.", bucket)),
        put_prefix_(api_.client().options().domain.empty() ? prefix_ : api_.subject(prefix_)) {}

  Result<void> make(const KeyValueOptions& options);
  Result<KvEntry> get(const std::string& key) override;
  Result<std::vector<KvEntry>> list(const std::string& prefix) override;
  Result<std::vector<KvChange>> changes(const std::string& prefix, std::uint64_t after) override;
  Result<std::uint64_t> put(const std::string& key, std::string_view value,
                            std::uint64_t expected) override {
    return write(key, value, expected, Operation::kPut);
  }
  Result<void> remove(const std::string& key, std::uint64_t expected) override {
    return write(key, {}, expected, Operation::kDelete).map([](std::uint64_t) {});
  }
  Result<StreamInfo> stream() override;

 private:
  // A write whose answer was lost. Its nonce tells on a repeat whether it had arrived.
  struct Unresolved {
    std::string value;
    std::uint64_t expected = 0;
    Operation operation = Operation::kPut;
    std::string nonce;
  };

  Result<OwnedMessage> last(const std::string& key) {
    return api_.get_message(stream_, {{"last_by_subj", prefix_ + key}});
  }
  Result<std::uint64_t> write(const std::string& key, std::string_view value,
                              std::uint64_t expected, Operation operation);
  Result<std::uint64_t> send(const std::string& key, const Unresolved& write,
                             std::uint64_t revision);
  Result<std::uint64_t> settle_conflict(const std::string& key, const Unresolved& write);
  Result<std::vector<std::string>> subjects(const std::string& filter);
  std::string nonce_for(const std::string& key, const Unresolved& write);
  KvEntry entry_of(const archive::Message& message) const;

  Api api_;
  const std::string stream_;
  const std::string prefix_;
  const std::string put_prefix_;  // a domain takes what is put among its requests
  std::mutex mutex_;
  std::map<std::string, Unresolved, std::less<>> unresolved_;
};

Result<void> NatsKeyValue::make(const KeyValueOptions& options) {
  const auto existing = api_.stream_info(stream_);
  if (existing) {
    return {};
  }
  if (existing.error().code != ErrorCode::kNotFound) {
    return fail(existing.error());
  }
  const auto window = std::chrono::nanoseconds{std::chrono::minutes{2}};
  const Json config{
      {"name", stream_},
      {"subjects", {prefix_ + ">"}},
      {"retention", "limits"},
      {"storage", "file"},
      {"discard", "new"},
      {"max_msgs_per_subject", 1},
      {"max_msgs", -1},
      {"max_bytes", -1},
      {"max_consumers", -1},
      {"max_msg_size", -1},
      {"max_age", options.max_age.count()},
      {"num_replicas", options.replicas},
      {"duplicate_window",
       options.max_age.count() > 0 ? std::min(options.max_age, window).count() : window.count()},
      {"allow_rollup_hdrs", true},
      {"deny_delete", true},
      {"allow_direct", true}};
  auto made = api_.ask("STREAM.CREATE." + stream_, config,
                       fmt::format("making key-value bucket stream {}", stream_));
  if (!made) {
    // Somebody else may have made it just now, with other options.
    const auto now_there = api_.stream_info(stream_);
    return now_there ? Result<void>{} : fail(made.error());
  }
  return {};
}

KvEntry NatsKeyValue::entry_of(const archive::Message& message) const {
  return {
      .key = std::string(message.subject.substr(std::min(prefix_.size(), message.subject.size()))),
      .value = std::string(message.payload),
      .revision = message.sequence};
}

Result<KvEntry> NatsKeyValue::get(const std::string& key) {
  if (auto valid = check_key(key); !valid) {
    return fail(valid.error());
  }
  auto stored = last(key);
  if (!stored) {
    return fail(stored.error());
  }
  if (is_marker(stored->message())) {
    return fail(ErrorCode::kNotFound, fmt::format("key {} of {} was removed", key, stream_));
  }
  return entry_of(stored->message());
}

// The stream keeps the last message of each subject, so the next one and the next one after it are
// all that has changed.
Result<std::vector<KvChange>> NatsKeyValue::changes(const std::string& prefix,
                                                    std::uint64_t after) {
  if (auto valid = check_prefix(prefix); !valid) {
    return fail(valid.error());
  }
  std::vector<KvChange> changes;
  std::uint64_t last = UINT64_MAX;  // what comes later is left for the next call
  while (after < last) {
    // Those who write all the time could be faster than this.
    if (changes.size() == kManyChanges) {
      const auto info = api_.stream_info(stream_);
      if (!info) {
        return fail(info.error());
      }
      last = info->last_sequence;
    }
    auto stored = api_.get_message(
        stream_, {{"seq", after + 1}, {"next_by_subj", fmt::format("{}{}>", prefix_, prefix)}});
    if (!stored && stored.error().code == ErrorCode::kNotFound) {
      return changes;
    }
    if (!stored) {
      return fail(stored.error());
    }
    KvEntry entry = entry_of(stored->message());
    after = entry.revision;
    changes.push_back(
        {std::move(entry.key),
         is_marker(stored->message()) ? std::nullopt : std::optional(std::move(entry.value)),
         entry.revision});
  }
  return changes;
}

Result<std::vector<KvEntry>> NatsKeyValue::list(const std::string& prefix) {
  if (auto valid = check_prefix(prefix); !valid) {
    return fail(valid.error());
  }
  auto names = subjects(fmt::format("{}{}>", prefix_, prefix));
  if (!names) {
    return fail(names.error());
  }
  std::ranges::sort(*names);
  auto messages = api_.last_messages(stream_, *names);
  if (!messages) {
    return fail(messages.error());
  }
  std::vector<KvEntry> entries;
  for (const OwnedMessage& stored : *messages) {
    if (!is_marker(stored.message())) {
      entries.push_back(entry_of(stored.message()));
    }
  }
  return entries;
}

Result<StreamInfo> NatsKeyValue::stream() {
  auto info = api_.stream_info(stream_);
  if (!info && info.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the key-value bucket of {} is gone: a restart makes it again, empty",
                            stream_));
  }
  return info;
}

Result<std::vector<std::string>> NatsKeyValue::subjects(const std::string& filter) {
  std::vector<std::string> names;
  std::size_t total = 1;
  while (names.size() < total) {
    const Json request{{"subjects_filter", filter}, {"offset", names.size()}};
    auto answer =
        api_.ask_info("STREAM.INFO." + stream_, request, fmt::format("listing {}", stream_));
    if (!answer) {
      return fail(answer.error());
    }
    const auto state = answer->find("state");
    const auto page = state != answer->end() ? state->find("subjects") : answer->end();
    if (state == answer->end() || page == state->end() || !page->is_object() || page->empty()) {
      break;
    }
    for (const auto& [subject, count] : page->items()) {
      names.push_back(subject);
    }
    // Only answers in pages say how many there are.
    const auto all = answer->find("total");
    total = all != answer->end() && all->is_number_unsigned() ? all->get<std::size_t>() : 0;
  }
  return names;
}

Result<std::uint64_t> NatsKeyValue::write(const std::string& key, std::string_view value,
                                          std::uint64_t expected, Operation operation) {
  if (auto valid = check_key(key); !valid) {
    return fail(valid.error());
  }
  Unresolved attempt{std::string(value), expected, operation, {}};
  attempt.nonce = nonce_for(key, attempt);
  auto revision = send(key, attempt, expected);
  if (!revision && revision.error().code == ErrorCode::kConflict) {
    revision = settle_conflict(key, attempt);
  } else if (!revision && revision.error().code == ErrorCode::kUnavailable) {
    const Error lost = revision.error();
    auto stored = last(key);
    if (stored && find_header(stored->message().headers, kNonce) == attempt.nonce) {
      revision = stored->message().sequence;
    }
  }
  const std::lock_guard lock(mutex_);
  if (revision) {
    unresolved_.erase(key);  // whatever came before it is overwritten
  } else if (revision.error().code == ErrorCode::kUnavailable) {
    unresolved_.insert_or_assign(key, std::move(attempt));
  }
  return revision;
}

std::string NatsKeyValue::nonce_for(const std::string& key, const Unresolved& write) {
  const std::lock_guard lock(mutex_);
  const auto found = unresolved_.find(key);
  if (found == unresolved_.end() || found->second.value != write.value ||
      found->second.expected != write.expected || found->second.operation != write.operation) {
    return make_uuid();
  }
  // Taken out: of two writers at the same time only one can be the repeat.
  return unresolved_.extract(found).mapped().nonce;
}

// After "wrong last sequence": it may be our own write that is there, or a marker of a removal
// where the caller expects nothing.
Result<std::uint64_t> NatsKeyValue::settle_conflict(const std::string& key,
                                                    const Unresolved& attempt) {
  const auto conflict = [&](std::string_view found) {
    return fail(ErrorCode::kConflict,
                fmt::format("key {} of {} was expected at revision {}, and {}: read it again", key,
                            stream_, attempt.expected, found));
  };
  auto stored = last(key);
  if (!stored) {
    return stored.error().code == ErrorCode::kNotFound ? conflict("isn't there")
                                                       : fail(stored.error());
  }
  const archive::Message& message = stored->message();
  if (find_header(message.headers, kNonce) == attempt.nonce) {
    return message.sequence;
  }
  if (attempt.expected == 0 && is_marker(message)) {
    auto revision = send(key, attempt, message.sequence);
    return !revision && revision.error().code == ErrorCode::kConflict
               ? conflict("somebody else has just made it")
               : revision;
  }
  return conflict(fmt::format("is at {}", message.sequence));
}

Result<std::uint64_t> NatsKeyValue::send(const std::string& key, const Unresolved& write,
                                         std::uint64_t revision) {
  auto link = api_.client().link();
  if (!link) {
    return fail(link.error());
  }
  const std::string expected = fmt::format("{}", revision);
  std::vector<archive::HeaderField> headers{{kExpectedRevision, expected}, {kNonce, write.nonce}};
  if (write.operation == Operation::kDelete) {
    headers.push_back({kOperation, "DEL"});
  }
  const auto answer = (*link)->request({put_prefix_ + key, headers, write.value});
  if (!answer) {
    return fail(answer.error());
  }
  return read_pub_ack(answer->view()).map([](const PublishAck& ack) { return ack.sequence; });
}

}  // namespace

Result<void> check_prefix(std::string_view prefix) {
  if (!prefix.empty() && !prefix.ends_with('.')) {
    return fail(ErrorCode::kInvalid,
                fmt::format("key prefix \"{}\" doesn't end with a dot", prefix));
  }
  return {};
}

Result<void> check_key(std::string_view key) {
  const bool characters = std::ranges::all_of(key, [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '=' || c == '/' || c == '.';
  });
  if (!characters || key.empty() || key.size() > kMaxKeyLength || key.starts_with('.') ||
      key.ends_with('.') || key.find("..") != key.npos) {
    return fail(ErrorCode::kInvalid,
                fmt::format("\"{}\" can't be a key: use A-Z a-z 0-9 - _ = / with single dots "
                            "between",
                            key.substr(0, 100)));
  }
  return {};
}

Result<std::unique_ptr<KeyValue>> make_key_value(std::shared_ptr<Client> client,
                                                 const std::string& bucket,
                                                 const KeyValueOptions& options) {
  if (auto named = check_name("bucket", bucket); !named) {
    return fail(named.error());
  }
  auto key_value = std::make_unique<NatsKeyValue>(std::move(client), bucket);
  if (auto made = key_value->make(options); !made) {
    return fail(made.error());
  }
  return key_value;
}

}  // namespace nats3::nats
