#include "jobs/load/load_target.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/time_text.h"
#include "jobs/load/load_window.h"

namespace nats3::jobs {
namespace {

// Late messages of a publisher that died come within less: then others publish as well.
constexpr int kMaxConflicts = 3;

}  // namespace

LoadTarget::LoadTarget(nats::Broker& broker, const LoadRecord& record, std::function<void()> wake)
    : broker_(broker),
      job_id_(record.job.info.id),
      job_name_(record.job.spec.name),
      strict_(record.job.spec.strict),
      message_ids_(record.job.spec.message_ids),
      wake_(std::move(wake)),
      mark_(record.target),
      exactness_(record.job.exactness) {}

Error acknowledges_nothing(const std::string& stream) {
  return {ErrorCode::kInvalid,
          fmt::format("stream '{}' doesn't acknowledge what is published into it, so nobody can "
                      "tell what arrived: set its no_ack to false",
                      stream)};
}

std::optional<std::string> why_not_read_back(const std::vector<std::string>& streams,
                                             const nats::StreamInfo& info) {
  if (streams.size() > 1) {
    return fmt::format("what it writes goes to several streams ({}), and only one can be read back",
                       fmt::join(streams, ", "));
  }
  if (info.retention != nats::Retention::kLimits) {
    return fmt::format(
        "messages leave stream '{}' when they are consumed, so what arrived in it can't be read "
        "back",
        info.name);
  }
  return std::nullopt;
}

Error needs_message_ids(std::string_view reason) {
  return {ErrorCode::kInvalid,
          fmt::format("without message ids a load can't be exact here: {}", reason)};
}

Result<void> LoadTarget::begin(const std::string& pattern, MonotonicTime now) {
  close_session();
  auto names = broker_.streams_of_subject(pattern);
  if (!names) {
    return names.error().code == ErrorCode::kNotFound
               ? fail(ErrorCode::kUnavailable,
                      names.error().message + ": it goes on when there is one that does")
               : fail(names.error());
  }
  const bool known = mark_ && std::ranges::find(*names, mark_->stream) != names->end();
  auto info = look(known ? mark_->stream : names->front());
  if (!info) {
    return fail(info.error());
  }
  if (!info->acknowledges) {
    return fail(acknowledges_nothing(info->name));
  }
  info_ = std::move(*info);
  read_at_ = now;
  judge(Exactness::Kind::kReadBack, "");
  if (auto reason = why_not_read_back(*names, *info_)) {
    only_window(std::move(*reason));
  }
  end_ = info_->last_sequence;
  mark_ = mark(UINT64_MAX);
  resumed_ = mark_.has_value();
  auto checked = resumed_ ? check_mark(now) : Result<void>();
  return checked.and_then([&] { return check_exactness(); });
}

// A stream that is gone may come back.
Result<nats::StreamInfo> LoadTarget::look(const std::string& stream) {
  auto info = broker_.stream_info(stream);
  if (!info && info.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kUnavailable, info.error().message);
  }
  return info;
}

// Compares the stream with the mark, and begins to read back where there is something to be read.
Result<void> LoadTarget::check_mark(MonotonicTime now) {
  const bool same = mark_->stream == info_->name && mark_->created == info_->created;
  if (auto ended = same ? end_of_stream_.check(*info_, mark_->sequence, now) : Result<void>();
      !ended) {
    return ended;
  }
  if (mark_->stream != info_->name || mark_->created != info_->created) {
    only_window(
        fmt::format("stream '{}' was made anew while messages were under way to it", info_->name));
    mark_ = TargetMark{info_->name, info_->created,
                       mark_->stream == info_->name && mark_->sequence <= info_->last_sequence
                           ? mark_->sequence  // restored from a backup
                           : 0};
  } else if (info_->last_sequence < mark_->sequence) {
    only_window(
        fmt::format("stream '{}' lost messages that it had acknowledged: it had {}, and "
                    "ends at {}",
                    info_->name, mark_->sequence, info_->last_sequence));
    mark_->sequence = info_->last_sequence;
  }
  if (exactness_->kind == Exactness::Kind::kReadBack &&
      arrived_.forget_after(info_->last_sequence) > 0) {
    only_window(fmt::format("stream '{}' lost messages that it had acknowledged, and ends at {}",
                            info_->name, info_->last_sequence));
  }
  covered_ = mark_->sequence;
  arrived_.set_kept_per_subject(info_->changes_subjects ? 0 : info_->max_per_subject);
  arrived_.forget_taken(mark_->sequence);
  if (info_->last_sequence == mark_->sequence || info_->retention != nats::Retention::kLimits) {
    return {};
  }
  auto opened = ReadBack::open(broker_, job_id_, *mark_, *info_, wake_);
  if (opened) {
    read_back_ = std::move(*opened);
    return {};
  }
  if (opened.error().action() == Action::kRetry) {
    return fail(opened.error());
  }
  only_window(
      fmt::format("stream '{}' can't be read back: {}", info_->name, opened.error().message));
  return {};
}

Result<bool> LoadTarget::ready(MonotonicTime now) {
  if (!read_back_) {
    return true;
  }
  auto found = read_back_->advance(now, arrived_);
  if (!found) {
    return fail(found.error());
  }
  if (!*found) {
    return false;
  }
  read_back_.reset();
  read_at_ = now;
  auto finished = confirm(**found).and_then([&] { return finish_reading(**found); });
  return finished ? Result<bool>(true) : fail(finished.error());
}

// A replica may lack what its leader has, or hold messages of which the leader knows nothing, and
// that are gone once it follows.
Result<void> LoadTarget::confirm(const ReadBack::Found& found) {
  if (found.reached < info_->last_sequence && info_->messages > 0) {
    const auto last = broker_.get_message(info_->name, info_->last_sequence);
    if (last) {
      return fail(
          ErrorCode::kUnavailable,
          fmt::format("a replica of stream '{}' has nothing after message {} yet, of {}: what "
                      "arrived is read again",
                      info_->name, found.reached, info_->last_sequence));
    }
    return last.error().action() == Action::kRetry ? Result<void>(fail(last.error()))
                                                   : Result<void>();
  }
  const std::uint64_t read_up_to = found.end;
  if (read_up_to <= info_->last_sequence) {
    return {};
  }
  auto now = look(info_->name);
  if (!now) {
    return fail(now.error());
  }
  if (read_up_to <= now->last_sequence) {
    return {};
  }
  arrived_.forget_after(now->last_sequence);
  return fail(ErrorCode::kUnavailable,
              fmt::format("a replica of stream '{}' has message {}, of which its leader, at {}, "
                          "knows nothing: what arrived is read again",
                          info_->name, read_up_to, now->last_sequence));
}

Result<void> LoadTarget::finish_reading(const ReadBack::Found& found) {
  spdlog::info("job {} '{}' goes on: of {} messages after {} in stream '{}', {} are its own",
               job_id_, job_name_, found.end - mark_->sequence, mark_->sequence, info_->name,
               found.own);
  end_ = found.end;
  const bool foreign = found.last_foreign > 0;
  if (foreign && !message_ids_) {
    return fail(needs_message_ids(fmt::format(
        "somebody else publishes into stream '{}' (message {}), so a place in it doesn't "
        "tell which message it is for",
        info_->name, found.last_foreign)));
  }
  if (strict_ && conflicts_ > 0 && found.last_foreign > conflict_after_) {
    return fail(ErrorCode::kInvalid,
                fmt::format("somebody else publishes into stream '{}' (message {}), and this load "
                            "is strict: each of its messages must follow the one before. Stop "
                            "them and resume, or make the load without strict",
                            info_->name, found.last_foreign));
  }
  foreign_ = foreign_ || foreign;
  // Without others, what a subject's limit dropped is known by the later ones of the subject.
  const bool explained = info_->max_per_subject > 0 && !foreign && !info_->changes_subjects &&
                         info_->first_sequence <= mark_->sequence + 1;
  if (found.gaps && !explained) {
    only_window(
        fmt::format("messages after {} are gone from stream '{}' (its limits, a purge, or "
                    "deleted), so what arrived isn't known: what may have been among them "
                    "is published again, and only message ids within the duplicate window "
                    "of {} tell it apart",
                    mark_->sequence, info_->name, format_duration(info_->duplicate_window)));
  } else if (foreign_) {
    judge(Exactness::Kind::kReadBack,
          fmt::format("others publish into stream '{}' too, so what is late from a killed server "
                      "is told apart by message ids, within its duplicate window of {}",
                      info_->name, format_duration(info_->duplicate_window)));
  }
  return check_exactness();
}

// Only with message ids is there anything to rely on where what arrived can't be read back.
Result<void> LoadTarget::check_exactness() const {
  if (message_ids_ || exactness_->kind == Exactness::Kind::kReadBack) {
    return {};
  }
  return fail(needs_message_ids(exactness_->reason));
}

void LoadTarget::close_session() {
  read_back_.reset();
  info_.reset();
  resumed_ = false;
  sent_ = 0;
  first_ = First::kToCome;
  conflicted_ = false;
}

Result<void> LoadTarget::open_mark() {
  if (mark_) {
    return {};
  }
  auto info = look(info_->name);
  if (!info) {
    return fail(info.error());
  }
  info_ = std::move(*info);
  mark_ = TargetMark{info_->name, info_->created, info_->last_sequence};
  covered_ = mark_->sequence;
  end_ = mark_->sequence;
  sent_ = 0;
  resumed_ = false;
  first_ = First::kToCome;
  return {};
}

void LoadTarget::close_mark() {
  if (arrived_.empty()) {
    mark_.reset();
  }
}

std::optional<TargetMark> LoadTarget::mark(std::uint64_t lowest_ahead) const {
  if (!mark_) {
    return std::nullopt;
  }
  TargetMark mark = *mark_;
  const std::uint64_t ahead = std::min(lowest_ahead, arrived_.lowest());
  mark.sequence = std::max(mark.sequence, std::min(covered_, ahead == 0 ? 0 : ahead - 1));
  return mark;
}

bool LoadTarget::stale(MonotonicTime now) const {
  return resumed_ && foreign_ && sent_ < LoadWindow::kMaxMessages && info_ &&
         now > read_at_ + info_->duplicate_window / 2;
}

// Strict, or into a target that may store a message and not the one before it: it is full, or that
// one was lost with its leader.
bool LoadTarget::chained() const {
  return strict_ || (info_ && (info_->refuses_when_full || info_->replicated) && !foreign_);
}

// In a stream with replicas ids won't do: nats-server 2.15.2 gives it up for good, on all servers,
// when a message expects another id than that of the last one.
bool LoadTarget::placed() const {
  return !message_ids_ || (info_ && info_->replicated && chained());
}

Expected LoadTarget::expected() const {
  Expected expected;
  if (placed()) {
    expected.last_sequence = end_ + sent_;
  } else if (first_ != First::kToCome) {
    expected.previous = chained();
  } else if (strict_ || ((resumed_ || chained()) && !foreign_)) {
    expected.last_sequence = end_;
  }
  return expected;
}

void LoadTarget::sent() {
  sent_ += 1;
  if (first_ == First::kToCome) {
    first_expects_ = expected().last_sequence.has_value();
    first_ = First::kSent;
  }
}

std::optional<Error> LoadTarget::acknowledged(const nats::PublishAck& ack) {
  first_ = First::kAcknowledged;
  conflicts_ = conflicted_ ? conflicts_ : 0;
  if (mark_ && ack.stream != mark_->stream && exactness_->kind != Exactness::Kind::kWindow) {
    only_window(
        fmt::format("what it writes goes to streams '{}' and '{}', and only one can be "
                    "read back",
                    mark_->stream, ack.stream));
  }
  if (auto exact = check_exactness(); !exact) {
    return exact.error();
  }
  if (!resumed_ || !ack.duplicate || ack.sequence <= end_ ||
      info_->retention != nats::Retention::kLimits) {
    return std::nullopt;
  }
  return Error{ErrorCode::kUnavailable,
               fmt::format("a message that was published before came late into stream '{}', so "
                           "what arrived is read again",
                           info_->name)};
}

void LoadTarget::covered(const std::string& epoch, std::uint64_t sequence,
                         std::uint64_t target_sequence) {
  covered_ = std::max(covered_, target_sequence);
  if (!arrived_.empty()) {  // so the mark stays behind it, and it may be read back
    arrived_.add_taken(epoch, sequence, target_sequence);
  }
}

Error LoadTarget::conflict(const Error& error) {
  conflicts_ += 1;
  conflicted_ = true;
  conflict_after_ = end_;
  if (conflicts_ >= kMaxConflicts && !strict_) {
    foreign_ = true;
  }
  return {ErrorCode::kUnavailable,
          fmt::format("another message came into stream '{}' before it, so what arrived is read "
                      "again: {}",
                      info_->name, error.message)};
}

// The worst that held at any time is told.
void LoadTarget::judge(Exactness::Kind kind, std::string reason) {
  const auto badness = [](const Exactness& exactness) {
    return exactness.kind == Exactness::Kind::kWindow ? 2 : exactness.reason.empty() ? 0 : 1;
  };
  Exactness judged{kind, std::move(reason)};
  if (exactness_ && badness(judged) < badness(*exactness_)) {
    return;
  }
  if (kind == Exactness::Kind::kWindow && exactness_ != judged) {
    spdlog::warn("job {} '{}' is exact within the duplicate window of its target only: {}", job_id_,
                 job_name_, judged.reason);
  }
  exactness_ = std::move(judged);
}

}  // namespace nats3::jobs
