#include "jobs/store/epoch_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "archive/key.h"
#include "base/digest.h"

namespace nats3::jobs {
namespace {

// One for each of the others that add something meanwhile.
constexpr int kMaxRounds = 1'000;

std::string note_key(const std::string& bucket, const archive::StreamLocation& location) {
  const Sha256Digest digest =
      sha256(fmt::format("{}\n{}\n{}", bucket, location.prefix, location.stream));
  return "epoch." + to_hex({reinterpret_cast<const char*>(digest.data()), 16});
}

// Adds to `epoch` what `other` has beyond it. Of a filter the greater sequence holds: both were
// found to be shared.
void add(archive::EpochDescription& epoch, const archive::EpochDescription& other) {
  if (epoch.parent.empty()) {
    epoch.parent = other.parent;
  }
  for (const auto& [component, filter] : other.filters) {
    epoch.filters.emplace(component, filter);
  }
  for (const auto& [component, sequence] : other.parent_last_sequences) {
    std::uint64_t& shared = epoch.parent_last_sequences[component];
    shared = std::max(shared, sequence);
  }
}

bool has_all(const archive::EpochDescription& epoch, const archive::EpochDescription& other) {
  archive::EpochDescription both = epoch;
  add(both, other);
  return both == epoch;
}

// Without the stream's configuration, which isn't merged and may be large.
Result<std::string> note_text(archive::EpochDescription epoch) {
  epoch.config = Json::object();
  return archive::serialize(epoch);
}

// Before the description, in an entry that asks.
constexpr char kAsks = '?';

Error other_life(const archive::EpochDescription& epoch) {
  return {ErrorCode::kUnavailable,
          fmt::format("epoch {} of stream '{}' has begun for another life of the stream: it seems "
                      "to have been made again just now",
                      epoch.name, epoch.stream)};
}

}  // namespace

EpochWriter::EpochWriter(nats::KeyValue& kv, const catalog::Catalog& catalog,
                         const std::string& bucket)
    : kv_(kv), catalog_(catalog), key_(note_key(bucket, catalog.location())) {}

Result<EpochWriter::Noted> EpochWriter::noted(const std::string& epoch) const {
  const auto entry = kv_.get(key_);
  if (!entry && entry.error().action() == Action::kNotFound) {
    return Noted{};
  }
  if (!entry) {
    return fail(entry.error().with_context("entry " + key_));
  }
  Noted noted{
      .epoch = std::nullopt, .asks = entry->value.starts_with(kAsks), .revision = entry->revision};
  const auto text = std::string_view(entry->value).substr(noted.asks ? 1 : 0);
  auto note = archive::parse_epoch_description(text);
  if (note && note->name == epoch) {
    noted.epoch = std::move(*note);
  } else if (note && note->name > epoch && archive::parse_epoch_name(note->name)) {
    if (auto last = check_not_begun(note->name); !last) {
      return fail(last.error());
    }
  }
  return noted;
}

// Whether the entry of the epoch `later` was left by an archive that was deleted since.
Result<void> EpochWriter::check_not_begun(const std::string& later) const {
  const auto there = catalog_.find_epoch(later);
  if (!there) {
    return fail(there.error());
  }
  return *there ? fail(ErrorCode::kUnavailable,
                       fmt::format("epoch {} of stream '{}' has begun meanwhile", later,
                                   catalog_.location().stream))
                : Result<void>();
}

// Has the entry ask. Errors: kConflict: it isn't what was `noted` any more.
Result<void> EpochWriter::ask(Noted& noted) const {
  const auto revision = note_text(*noted.epoch).and_then([&](const std::string& text) {
    return kv_.put(key_, kAsks + text, noted.revision);
  });
  if (!revision) {
    return fail(revision.error().with_context("entry " + key_));
  }
  noted.asks = true;
  noted.revision = *revision;
  return {};
}

// Adds to `all` what is there, and what is noted.
// Errors: kConflict: the entry isn't what was `noted` any more.
Result<void> EpochWriter::merge(archive::EpochDescription& all, Noted& noted) const {
  auto there = catalog_.find_epoch(all.name);
  if (there && !*there && noted.epoch && !noted.asks) {
    if (auto asked = ask(noted); !asked) {
      return asked;
    }
    there = catalog_.find_epoch(all.name);  // whoever didn't need to be asked has put it
  }
  if (!there) {
    return fail(there.error());
  }
  if (!*there) {
    noted.epoch.reset();
    return {};
  }
  if ((*there)->created != all.created) {
    return fail(other_life(all));
  }
  add(**there, all);
  all = std::move(**there);
  if (noted.epoch && noted.epoch->created == all.created) {
    add(all, *noted.epoch);
  }
  return {};
}

// Sees to it that the entry has all. What it has already isn't noted again: then others needn't
// look what has changed. Errors: kConflict: it isn't what was `noted` any more.
Result<void> EpochWriter::note(const archive::EpochDescription& all, Noted& noted) const {
  if (noted.epoch && !noted.asks && noted.epoch->created == all.created &&
      has_all(*noted.epoch, all)) {
    return {};
  }
  auto revision = note_text(all).and_then(
      [&](const std::string& text) { return kv_.put(key_, text, noted.revision); });
  if (!revision) {
    return fail(revision.error().with_context("entry " + key_));
  }
  noted = {.epoch = all, .asks = false, .revision = *revision};
  return {};
}

Result<archive::EpochDescription> EpochWriter::write(
    const archive::EpochDescription& epoch,
    const std::vector<archive::EpochDescription>& epochs) const {
  auto found = noted(epoch.name);
  if (!found) {
    return fail(found.error());
  }
  const auto read = std::ranges::find(epochs, epoch.name, &archive::EpochDescription::name);
  if (read != epochs.end() && has_all(*read, epoch) &&
      (!found->epoch || has_all(*read, *found->epoch))) {
    return *read;
  }
  archive::EpochDescription all = epoch;
  for (int round = 0; round < kMaxRounds; ++round) {
    const auto written = write_once(all, *found);
    if (!written && written.error().code != ErrorCode::kConflict) {
      return fail(written.error());
    }
    auto now = noted(all.name);
    if (!now) {
      return fail(now.error());
    }
    if (written && now->revision == found->revision) {
      return all;
    }
    if (written && now->epoch && now->epoch->created != all.created) {
      return fail(other_life(all));
    }
    found = std::move(now);
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("the description of epoch {} changes all the time", all.name));
}

// Merges, notes and puts. Errors: kConflict: the entry isn't what was `noted` any more.
Result<void> EpochWriter::write_once(archive::EpochDescription& all, Noted& noted) const {
  return merge(all, noted).and_then([&] { return note(all, noted); }).and_then([&] {
    return catalog_.put_epoch(all);
  });
}

}  // namespace nats3::jobs
