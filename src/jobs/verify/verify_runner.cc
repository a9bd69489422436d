#include "jobs/verify/verify_runner.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "jobs/existing_bucket.h"

namespace nats3::jobs {
namespace {

constexpr std::chrono::milliseconds kTick{500};
constexpr std::chrono::milliseconds kCheckpointInterval{1'000};
// Errors may quote what an object says.
constexpr std::size_t kMaxDetail = 1'024;

// Of all texts, so that a record isn't larger than NATS takes, even if JSON makes six of each byte.
constexpr std::size_t kMaxFindingsBytes = 100'000;

std::string bounded(const std::string& text) {
  std::size_t size = std::min(text.size(), kMaxDetail);
  while (size < text.size() && size > 0 && (text[size] & 0xC0) == 0x80) {
    --size;  // not within a character
  }
  return text.substr(0, size);
}

catalog::Finding bounded(catalog::Finding finding) {
  finding.detail = bounded(finding.detail);
  finding.cause = bounded(finding.cause);
  return finding;
}

std::size_t text_bytes(const catalog::Finding& finding) {
  return finding.key.size() + finding.detail.size() + finding.cause.size();
}

}  // namespace

Result<void> VerifyRunner::prepare() {
  const VerifySpec& spec = definition().spec;
  const VerifyRecord record = keeper().record();
  auto store = open_existing(environment().stores, spec.bucket);
  if (!store) {
    return fail(store.error());
  }
  auto catalog = catalog::Catalog::open(std::move(*store), spec.prefix.value_or(""), spec.stream);
  if (!catalog) {
    return fail(catalog.error());
  }
  catalog_ = std::move(*catalog);
  if (!limit_) {  // the first session
    limit_.emplace(spec.rate);
    position_ = record.position;
    totals_ = position_.key.empty() ? VerifyProgress{} : record.job.progress;
    repairing_ = record.repairing;
  }
  verifier_ = std::make_shared<catalog::Verifier>(
      *catalog_, step_ ? step_->position : position_,
      catalog::VerifyWindow{.from = spec.from_time, .to = spec.to_time});
  set_progress(totals_);
  const std::lock_guard lock(read_mutex_);
  read_.reset();  // of a task that ended after its session
  return {};
}

Result<VerifyRunner::Next> VerifyRunner::advance() {
  auto more = take_step();
  if (!more) {
    return fail(more.error());
  }
  if (!*more) {
    return finish();
  }
  if (step_) {
    auto repaired = repair();
    if (!repaired) {
      return fail(repaired.error());
    }
    if (!*repaired) {
      return Next{.wake = clock().monotonic() + kTick};
    }
    admit();
  }
  if (auto recorded = checkpoint(); !recorded) {
    return fail(recorded.error());
  }
  const MonotonicTime now = clock().monotonic();
  if (now < limit_->next()) {
    return Next{.wake = std::min(limit_->next(), now + kTick)};
  }
  look();
  return Next{.wake = now + kTick};
}

// What is being read is looked at again by who goes on. A chunk that is being put is waited for.
Result<VerifyRunner::Next> VerifyRunner::drain() {
  if (repair_ && !repair_->idle()) {
    return Next{.wake = clock().monotonic() + kTick};
  }
  checkpoint_at_.reset();
  if (auto recorded = checkpoint(); !recorded) {
    return fail(recorded.error());
  }
  return Next{.wake = std::nullopt, .finished = true};
}

bool VerifyRunner::idle() const {
  const std::lock_guard lock(read_mutex_);
  return !read_under_way_ && (!abandoned_ || abandoned_->idle());
}

void VerifyRunner::close_session() {
  abandoned_ = std::move(repair_);
  repair_.reset();
  const std::lock_guard lock(read_mutex_);
  read_.reset();
}

// Keeps one read under way.
void VerifyRunner::look() {
  {
    const std::lock_guard lock(read_mutex_);
    if (read_under_way_ || read_) {
      return;
    }
    read_under_way_ = true;
  }
  environment().tasks.post([self = std::static_pointer_cast<VerifyRunner>(shared_from_this()),
                            verifier = verifier_, catalog = catalog_] {
    auto step = verifier->next();
    {
      const std::lock_guard lock(self->read_mutex_);
      self->read_under_way_ = false;
      self->read_ = std::move(step);
    }
    self->wake();
  });
}

// Takes in what a read has come to. Returns false after the last object.
Result<bool> VerifyRunner::take_step() {
  if (step_) {
    return true;
  }
  const std::lock_guard lock(read_mutex_);
  if (!read_) {
    return true;
  }
  auto read = std::move(*read_);
  read_.reset();
  if (!read) {
    return fail(read.error());
  }
  if (!*read) {
    return false;
  }
  step_ = std::move(**read);
  add_repaired();
  next_repair_ = 0;
  repairs_recorded_ = false;
  limit_->use(step_->read_bytes, clock().monotonic());
  return true;
}

// Repairs what is damaged, one after the other. Returns whether that is done.
Result<bool> VerifyRunner::repair() {
  for (; next_repair_ < step_->seen.size(); ++next_repair_) {
    auto& seen = step_->seen[next_repair_];
    if (!seen.lost || !definition().spec.repair) {
      continue;
    }
    if (!repair_) {
      if (auto begun = begin_repair(next_repair_); !begun) {
        return fail(begun.error());
      }
    }
    auto outcome = repair_->advance();
    if (!outcome) {
      return fail(outcome.error());
    }
    if (!*outcome) {
      return false;
    }
    repair_.reset();
    seen.finding.repaired = (*outcome)->repaired;
    seen.finding.detail +=
        fmt::format("; {}{}", (*outcome)->repaired ? "" : "not repaired: ", (*outcome)->detail);
  }
  return true;
}

// What is about to be repaired goes on record first: after a crash it can't be found any more.
Result<void> VerifyRunner::begin_repair(std::size_t at) {
  if (!repairs_recorded_) {
    auto recorded = keeper().update([&](VerifyRecord& record) {
      put_state(record);
      record.repairing.clear();
      for (const auto& seen : step_->seen) {
        if (seen.lost) {
          record.repairing.push_back(bounded(seen.finding));
        }
      }
    });
    if (!recorded) {
      return recorded;
    }
    repairs_recorded_ = true;
  }
  repair_ = std::make_shared<ChunkRepair>(environment(), catalog_, *step_->seen[at].lost, waker());
  return {};
}

// Another server, or this one before a pause, found damage at this object, and may have repaired it
// without having the time to say so.
void VerifyRunner::add_repaired() {
  for (catalog::Finding& before : repairing_) {
    const bool again = std::ranges::any_of(
        step_->seen, [&](const auto& seen) { return seen.finding.kind == before.kind; });
    if (before.key == step_->position.key && !again) {
      before.repaired = true;
      before.detail += "; whole again when the verification went on";
      step_->seen.push_back({before, std::nullopt});
    }
  }
  std::erase_if(repairing_, [&](const auto& before) { return before.key == step_->position.key; });
}

// Counts what an object has told.
void VerifyRunner::admit() {
  Metrics& metrics = environment().metrics;
  totals_.messages += step_->messages;
  totals_.bytes += step_->read_bytes;
  totals_.chunks += step_->chunks;
  totals_.gaps += step_->gaps;
  totals_.last_key = step_->position.key;
  metrics.verified_chunks += step_->chunks;
  metrics.verified_bytes += step_->read_bytes;
  metrics.s3_bytes.out += step_->read_bytes;
  metrics.s3_objects.out += step_->chunks;
  for (const auto& seen : step_->seen) {
    const catalog::Finding& finding = seen.finding;
    const bool damage = catalog::is_damage(finding.kind);
    totals_.damaged += damage ? 1 : 0;
    totals_.repaired += finding.repaired ? 1 : 0;
    totals_.overlaps += finding.kind == catalog::FindingKind::kOverlap ? 1 : 0;
    totals_.foreign += finding.kind == catalog::FindingKind::kForeign ? 1 : 0;
    metrics.findings[static_cast<std::size_t>(finding.kind)] += 1;
    metrics.corrupt_chunks += damage ? 1 : 0;
    metrics.repaired_chunks += finding.repaired ? 1 : 0;
    if (damage) {
      spdlog::warn("job {} '{}' found '{}' {}{}: {}", definition().info.id, definition().spec.name,
                   finding.key, catalog::to_string(finding.kind),
                   finding.repaired ? " and has made it whole" : "", finding.detail);
    }
    keep(finding);
  }
  position_ = std::move(step_->position);
  step_.reset();
  set_progress(totals_);
}

// The newest findings; what is damaged isn't forgotten for what isn't.
void VerifyRunner::keep(const catalog::Finding& finding) {
  auto& kept = totals_.findings;
  kept.push_back(bounded(finding));
  std::size_t bytes = 0;
  for (const catalog::Finding& old : kept) {
    bytes += text_bytes(old);
  }
  while (kept.size() > VerifyProgress::kMaxFindings || bytes > kMaxFindingsBytes) {
    const auto harmless = std::ranges::find_if(
        kept, [](const catalog::Finding& old) { return !catalog::is_damage(old.kind); });
    const auto oldest = harmless == kept.end() ? kept.begin() : harmless;
    bytes -= text_bytes(*oldest);
    kept.erase(oldest);
  }
}

Result<void> VerifyRunner::checkpoint() {
  const MonotonicTime now = clock().monotonic();
  if (checkpoint_at_ && now < *checkpoint_at_) {
    return {};
  }
  if (position_ == keeper().record().position) {
    return {};
  }
  checkpoint_at_ = now + kCheckpointInterval;
  return keeper().update([&](VerifyRecord& record) { put_state(record); });
}

void VerifyRunner::put_state(VerifyRecord& record) {
  if (record.position != position_) {
    record.repairing.clear();  // that object is done
  }
  record.position = position_;
  const double rate = record.job.progress.rate;
  record.job.progress = totals_;
  record.job.progress.rate = rate;
  record.job.info.updated = clock().now();
}

// All was looked at: what goes on after this is a new round.
Result<VerifyRunner::Next> VerifyRunner::finish() {
  auto recorded = keeper().update([&](VerifyRecord& record) {
    put_state(record);
    record.position = {};
  });
  if (!recorded) {
    return fail(recorded.error());
  }
  position_ = {};
  const std::uint64_t left = totals_.damaged - totals_.repaired;
  if (left == 0) {
    return Next{.wake = std::nullopt, .finished = true};
  }
  const auto worst = std::ranges::find_if(totals_.findings, [](const catalog::Finding& finding) {
    return catalog::is_damage(finding.kind) && !finding.repaired;
  });
  return fail(
      ErrorCode::kCorrupt,
      fmt::format("{} objects are damaged or missing and weren't repaired; {} chunks were read; "
                  "the first that is listed: '{}': {}",
                  left, totals_.chunks, worst == totals_.findings.end() ? "" : worst->key,
                  worst == totals_.findings.end() ? "" : worst->detail));
}

}  // namespace nats3::jobs
