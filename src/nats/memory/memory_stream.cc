#include "nats/memory/memory_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/subject.h"
#include "nats/headers.h"

namespace nats3::nats {
namespace {

bool selects(std::string_view filter, std::string_view subject) {
  return filter.empty() || subject_matches(filter, subject);
}

std::optional<std::uint64_t> number_header(const archive::Message& message, std::string_view name) {
  const std::string_view text = find_header(message.headers, name);
  std::uint64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  return result.ec == std::errc{} ? std::optional(number) : std::nullopt;
}

}  // namespace

MemoryStream::MemoryStream(std::string name, MemoryStreamOptions options, const Clock& clock)
    : name_(std::move(name)), options_(std::move(options)), clock_(clock), created_(clock.now()) {}

StreamInfo MemoryStream::info() const {
  return {.name = name_,
          .created = created_,
          .retention = options_.retention,
          .first_sequence = messages_.empty() ? (last_sequence_ == 0 ? 0 : last_sequence_ + 1)
                                              : messages_.begin()->first,
          .last_sequence = last_sequence_ - hidden_,
          .messages = messages_.size() - hidden_,
          .subjects = options_.subjects,
          .duplicate_window = options_.duplicate_window,
          .max_per_subject = options_.max_per_subject,
          .acknowledges = !options_.no_ack,
          .refuses_when_full = options_.discard_new,
          .replicated = options_.replicated,
          .config_json = options_.config_json};
}

bool MemoryStream::stores(std::string_view subject) const {
  return std::ranges::any_of(options_.subjects,
                             [&](const auto& own) { return subject_matches(own, subject); });
}

bool MemoryStream::stores_some(std::string_view filter) const {
  return std::ranges::any_of(options_.subjects,
                             [&](const auto& own) { return subjects_overlap(own, filter); });
}

Result<void> MemoryStream::check_room(const archive::Message& message) const {
  const bool full = options_.max_messages > 0 && messages_.size() >= options_.max_messages;
  const bool full_subject =
      options_.max_per_subject > 0 && count_from(0, message.subject) >= options_.max_per_subject;
  if (options_.discard_new && (full || full_subject)) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the stream refuses the message: maximum messages{} exceeded",
                            full ? "" : " per subject"));
  }
  return {};
}

void MemoryStream::drop_oldest(std::string_view subject) {
  if (options_.max_per_subject > 0 && count_from(0, subject) > options_.max_per_subject) {
    remove(next(0, subject)->sequence);
  }
  if (options_.max_messages > 0 && messages_.size() > options_.max_messages) {
    remove(messages_.begin()->first);
  }
}

Result<void> MemoryStream::check_expectations(const archive::Message& message) const {
  const auto wrong = [&](std::string_view what) {
    return fail(ErrorCode::kConflict, fmt::format("the stream refuses the message: {}", what));
  };
  const std::string_view stream = find_header(message.headers, "Nats-Expected-Stream");
  if (!stream.empty() && stream != name_) {
    return fail(ErrorCode::kInvalid,
                "the stream refuses the message: expected stream does not match");
  }
  const auto last = number_header(message, "Nats-Expected-Last-Sequence");
  if (last && *last != last_sequence_) {
    return wrong(fmt::format("wrong last sequence: {}", last_sequence_));
  }
  const std::string_view id = find_header(message.headers, "Nats-Expected-Last-Msg-Id");
  if (!id.empty() && id != last_id_) {
    return wrong(fmt::format("wrong last msg ID: {}", last_id_));
  }
  const auto of_subject = number_header(message, "Nats-Expected-Last-Subject-Sequence");
  const archive::Message* latest = of_subject ? last_of(message.subject) : nullptr;
  if (of_subject && *of_subject != (latest == nullptr ? 0 : latest->sequence)) {
    return wrong("wrong last sequence of the subject");
  }
  return {};
}

Result<PublishAck> MemoryStream::store(const archive::Message& message) {
  forget_old_ids();
  const std::string_view id = find_header(message.headers, "Nats-Msg-Id");
  if (const auto known = ids_.find(id); !id.empty() && known != ids_.end()) {
    return PublishAck{name_, known->second.sequence, true};
  }
  if (given_up_) {
    return fail(ErrorCode::kUnavailable, fmt::format("stream '{}' has no leader", name_));
  }
  if (auto met = check_expectations(message); !met) {
    given_up_ =
        options_.replicated && !find_header(message.headers, "Nats-Expected-Last-Msg-Id").empty();
    return fail(met.error());
  }
  if (auto room = check_room(message); !room) {
    return fail(room.error());
  }
  archive::Message stored = message;
  stored.sequence = ++last_sequence_;
  stored.time = clock_.now();
  std::vector<archive::HeaderField> headers(message.headers.begin(), message.headers.end());
  archive::sort_headers(headers);
  stored.headers = headers;
  messages_.emplace(stored.sequence, OwnedMessage(stored));
  if (!id.empty()) {
    ids_[std::string(id)] = {stored.time + options_.duplicate_window, stored.sequence};
  }
  last_id_ = id;
  drop_oldest(message.subject);
  if (options_.retention == Retention::kInterest && !anyone_needs(stored.sequence)) {
    remove(stored.sequence);
  }
  return PublishAck{name_, stored.sequence, false};
}

void MemoryStream::forget_old_ids() {
  const Timestamp now = clock_.now();
  std::erase_if(ids_, [now](const auto& entry) { return entry.second.until <= now; });
}

const archive::Message* MemoryStream::next(std::uint64_t sequence, std::string_view filter) const {
  for (auto it = messages_.lower_bound(sequence); it != messages_.end(); ++it) {
    if (selects(filter, it->second.message().subject)) {
      return &it->second.message();
    }
  }
  return nullptr;
}

const archive::Message* MemoryStream::find(std::uint64_t sequence) const {
  const auto found = messages_.find(sequence);
  return found == messages_.end() ? nullptr : &found->second.message();
}

const archive::Message* MemoryStream::last_of(std::string_view subject) const {
  for (auto it = messages_.rbegin(); it != messages_.rend(); ++it) {
    if (it->second.message().subject == subject) {
      return &it->second.message();
    }
  }
  return nullptr;
}

std::uint64_t MemoryStream::count_from(std::uint64_t sequence, std::string_view filter) const {
  std::uint64_t count = 0;
  for (auto it = messages_.lower_bound(sequence); it != messages_.end(); ++it) {
    count += selects(filter, it->second.message().subject) ? 1 : 0;
  }
  return count;
}

void MemoryStream::remove(std::uint64_t sequence) {
  messages_.erase(sequence);
  for (auto& [name, consumer] : consumers_) {
    consumer.pending.erase(sequence);
  }
}

void MemoryStream::purge_below(std::uint64_t sequence) {
  messages_.erase(messages_.begin(), messages_.lower_bound(sequence));
}

void MemoryStream::forget_above(std::uint64_t sequence) {
  messages_.erase(messages_.upper_bound(sequence), messages_.end());
  last_sequence_ = std::min(last_sequence_, sequence);
}

Result<MemoryConsumer*> MemoryStream::durable(const SourceOptions& options) {
  if (MemoryConsumer* existing = find_consumer(options.consumer)) {
    if (existing->filter != options.filter_subject) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("consumer {} of stream {} can't be used: it selects {}, and {} is "
                              "needed",
                              options.consumer, name_, existing->filter, options.filter_subject));
    }
    return existing;
  }
  for (const auto& [name, consumer] : consumers_) {
    if (options_.retention == Retention::kWorkQueue &&
        subjects_overlap(consumer.filter, options.filter_subject)) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("stream {}, subject {}: consumer {} reads that subject already",
                              name_, options.filter_subject, name));
    }
  }
  MemoryConsumer made;
  made.filter = options.filter_subject;
  made.ack_wait = options.ack_wait;
  made.max_ack_pending = options.max_ack_pending;
  made.next_stream_sequence = options.start_sequence;
  return &consumers_.emplace(options.consumer, std::move(made)).first->second;
}

MemoryConsumer* MemoryStream::find_consumer(const std::string& name) {
  const auto found = consumers_.find(name);
  return found == consumers_.end() ? nullptr : &found->second;
}

Result<void> MemoryStream::settle_missing(MemoryConsumer& consumer,
                                          const SourceOptions& options) const {
  if (consumer.pending.empty()) {
    return {};
  }
  std::vector<std::uint64_t> archived;
  const std::uint64_t after = consumer.pending.begin()->first - 1;
  const std::uint64_t end = std::min(consumer.next_stream_sequence - 1, last_sequence_);
  if (options.archived && end > after) {
    auto told = options.archived(after, end);
    if (!told) {
      return fail(told.error());
    }
    archived = std::move(*told);
  }
  std::erase_if(consumer.pending, [&](const auto& pending) {
    return find(pending.first) == nullptr &&
           (lists_gaps_ || std::ranges::binary_search(archived, pending.first));
  });
  return {};
}

void MemoryStream::acknowledge(const std::string& consumer, std::uint64_t sequence) {
  if (MemoryConsumer* known = find_consumer(consumer)) {
    known->pending.erase(sequence);
    if (options_.retention == Retention::kWorkQueue ||
        (options_.retention == Retention::kInterest && !anyone_needs(sequence))) {
      remove(sequence);
    }
  }
}

bool MemoryStream::anyone_needs(std::uint64_t sequence) const {
  const archive::Message* message = find(sequence);
  return message != nullptr && std::ranges::any_of(consumers_, [&](const auto& named) {
           const MemoryConsumer& consumer = named.second;
           return selects(consumer.filter, message->subject) &&
                  (sequence >= consumer.next_stream_sequence ||
                   consumer.pending.contains(sequence));
         });
}

}  // namespace nats3::nats
