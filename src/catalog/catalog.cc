#include "catalog/catalog.h"

#include <fmt/format.h>

#include <algorithm>

#include "archive/v1_chunk.h"
#include "base/subject.h"
#include "catalog/chunk_lister.h"
#include "catalog/fetch_index.h"
#include "catalog/v1_folders.h"

namespace nats3::catalog {
namespace {

Error with_key(const Error& error, const std::string& key) {
  return error.with_context(fmt::format("'{}'", key));
}

}  // namespace

Result<std::shared_ptr<Catalog>> Catalog::open(std::shared_ptr<object::ObjectStore> store,
                                               const std::string& prefix,
                                               const std::string& stream) {
  archive::StreamLocation location{prefix, stream};
  if (auto checked = archive::check_location(location); !checked) {
    return fail(checked.error());
  }
  return std::shared_ptr<Catalog>(new Catalog(std::move(store), std::move(location)));
}

Result<std::vector<std::string>> Catalog::folders(const std::string& path) const {
  std::vector<std::string> names;
  object::ListQuery query{.prefix = path, .delimiter = "/"};
  do {
    auto page = store_->list(query);
    if (!page) {
      return fail(page.error());
    }
    for (const std::string& folder : page->common_prefixes) {
      names.push_back(folder.substr(path.size(), folder.size() - path.size() - 1));
    }
    query.token = page->next_token;
  } while (!query.token.empty());
  return names;
}

Result<std::vector<archive::EpochDescription>> Catalog::epochs() const {
  auto names = folders(archive::stream_folder(location_));
  if (!names) {
    return fail(names.error());
  }
  std::erase_if(*names, [](const std::string& name) { return !archive::parse_epoch_name(name); });
  std::ranges::sort(*names);
  std::vector<archive::EpochDescription> epochs;
  for (const std::string& name : *names) {
    auto epoch = read_epoch(name);
    if (!epoch) {
      return fail(epoch.error());
    }
    epochs.push_back(std::move(*epoch));
  }
  return epochs;
}

Result<archive::EpochDescription> Catalog::read_epoch(const std::string& epoch) const {
  auto found = find_epoch(epoch);
  if (!found) {
    return fail(found.error());
  }
  if (!*found) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("'{}' is missing, beside chunks of that epoch: put it back, or a file "
                            "made after docs/format.md",
                            archive::description_key(location_, epoch)));
  }
  return std::move(**found);
}

Result<std::optional<archive::EpochDescription>> Catalog::find_epoch(
    const std::string& epoch) const {
  const std::string key = archive::description_key(location_, epoch);
  auto text = store_->get(key);
  if (!text && text.error().action() == Action::kNotFound) {
    return std::nullopt;
  }
  if (!text) {
    return fail(text.error());
  }
  auto description = archive::parse_epoch_description(*text);
  if (!description) {
    return fail(with_key(description.error(), key));
  }
  return std::move(*description);
}

Result<void> Catalog::put_epoch(const archive::EpochDescription& epoch) const {
  auto text = archive::serialize(epoch);
  if (!text) {
    return fail(text.error());
  }
  return store_->put(archive::description_key(location_, epoch.name), *text);
}

Result<std::vector<std::string>> Catalog::filters(const archive::EpochDescription& epoch) const {
  auto components = folders(archive::epoch_folder(location_, epoch.name));
  if (!components) {
    return fail(components.error());
  }
  std::vector<std::string> filters;
  for (const std::string& component : *components) {
    if (const auto known = epoch.filters.find(component); known != epoch.filters.end()) {
      filters.push_back(known->second);
      continue;
    }
    auto filter = archive::decode_component(component);
    if (!filter) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("'{}' doesn't say which subject '{}' stands for",
                              archive::description_key(location_, epoch.name), component));
    }
    filters.push_back(std::move(*filter));
  }
  std::ranges::sort(filters);
  return filters;
}

std::optional<ChunkRef> Catalog::parse_chunk(const std::string& filter,
                                             const object::ObjectInfo& object) const {
  auto location = archive::parse_chunk_key(location_, object.key);
  if (!location) {
    return std::nullopt;
  }
  return ChunkRef{object.key, object.size, filter, location->name};
}

Result<std::vector<ChunkRef>> Catalog::last_chunks(const std::string& epoch,
                                                   const std::string& filter,
                                                   std::uint64_t from) const {
  std::vector<ChunkRef> last;
  std::optional<ChunkRef> furthest;  // of those before them
  object::ListQuery query{.prefix = archive::filter_folder(location_, epoch, filter),
                          .start_after = archive::list_chunks_from(location_, epoch, filter, from)};
  do {
    auto page = store_->list(query);
    if (!page) {
      return fail(page.error());
    }
    for (const auto& object : page->objects) {
      if (auto chunk = parse_chunk(filter, object)) {
        last.push_back(std::move(*chunk));
      }
    }
    if (last.size() > kTailChunks) {
      const auto tail = last.end() - kTailChunks;
      const auto most = std::ranges::max_element(
          last.begin(), tail, {}, [](const ChunkRef& chunk) { return chunk.name.last; });
      if (!furthest || most->name.last > furthest->name.last) {
        furthest = *most;
      }
      last.erase(last.begin(), tail);
    }
    query.token = page->next_token;
  } while (!query.token.empty());
  if (furthest && std::ranges::all_of(last, [&](const ChunkRef& chunk) {
        return chunk.name.last < furthest->name.last;
      })) {
    last.insert(last.begin(), std::move(*furthest));
  }
  return last;
}

// A crash can leave a chunk in the bucket while an earlier one never arrived, as several are
// uploaded at a time. Such a hole is among the last few chunks: a chunk's header names the message
// before it.
Result<std::uint64_t> Catalog::archived_up_to(const std::string& epoch, const std::string& filter,
                                              std::uint64_t from) const {
  auto chunks = last_chunks(epoch, filter, from);
  if (!chunks) {
    return fail(chunks.error());
  }
  const auto deleted = watermark(epoch, filter);
  if (!deleted) {
    return fail(deleted.error());
  }
  std::uint64_t reached = deleted->last_sequence;
  for (const ChunkRef& chunk : *chunks) {
    if (&chunk != &chunks->front() && chunk.name.last > reached) {
      auto fetched = fetch_index(*store_, chunk.key, chunk.object_bytes);
      if (!fetched && fetched.error().action() == Action::kNotFound) {
        return fail(missing(chunk));
      }
      if (!fetched) {
        return fail(with_key(fetched.error(), chunk.key));
      }
      if (fetched->index.header.previous > reached) {
        return reached;
      }
    }
    reached = std::max(reached, chunk.name.last);
  }
  return reached;
}

Error Catalog::missing(const ChunkRef& chunk) const {
  const std::string what =
      fmt::format("chunk '{}' (messages {} to {})", chunk.key, chunk.name.first, chunk.name.last);
  const auto location = archive::parse_chunk_key(location_, chunk.key);
  if (!location) {
    return location.error();
  }
  const auto deleted = watermark(location->epoch, chunk.filter);
  if (!deleted) {
    return deleted.error();
  }
  if (deleted->deleted.contain({chunk.name.first, chunk.name.last})) {
    return {ErrorCode::kUnavailable,
            what + " was deleted since it was listed, by a load with delete_chunks or a prune"};
  }
  const std::string description = archive::description_key(location_, location->epoch);
  if (const auto there = store_->head(description); !there) {
    return there.error().action() != Action::kNotFound
               ? there.error()
               : Error{ErrorCode::kUnavailable,
                       fmt::format("{} is gone, and so is '{}': is the bucket's disk mounted?",
                                   what, description)};
  }
  return {ErrorCode::kCorrupt, what + ": it is missing: it was listed and is gone"};
}

Result<archive::ChunkIndex> Catalog::index_of(const std::string& key) const {
  auto object = store_->head(key);
  if (!object) {
    return fail(object.error());
  }
  auto fetched = fetch_index(*store_, key, object->size);
  if (!fetched) {
    return fail(with_key(fetched.error(), key));
  }
  return std::move(fetched->index);
}

Result<ChunkStats> Catalog::chunk_stats(const std::string& key) const {
  return index_of(key).map([](const archive::ChunkIndex& index) {
    return ChunkStats{index.file_size, index.summary.content_bytes};
  });
}

Result<archive::Watermark> Catalog::watermark(const std::string& epoch,
                                              const std::string& filter) const {
  const std::string key = archive::watermark_key(location_, epoch, filter);
  auto text = store_->get(key);
  if (!text && text.error().action() == Action::kNotFound) {
    return archive::Watermark{};
  }
  if (!text) {
    return fail(text.error());
  }
  auto watermark = archive::parse_watermark(*text);
  if (!watermark) {
    return fail(with_key(watermark.error(), key));
  }
  return watermark;
}

Result<void> Catalog::raise_watermark(const std::string& epoch, const std::string& filter,
                                      const archive::Watermark& to) const {
  const auto reached = watermark(epoch, filter);
  if (!reached) {
    return fail(reached.error());
  }
  archive::Watermark raised = *reached;
  if (to.last_sequence > raised.last_sequence) {
    raised.last_sequence = to.last_sequence;
    raised.last_time = to.last_time;
  }
  raised.deleted.add(to.deleted);
  return raised == *reached ? Result<void>()
                            : store_->put(archive::watermark_key(location_, epoch, filter),
                                          archive::serialize(raised));
}

Result<std::optional<std::uint64_t>> Catalog::complete_up_to(const std::string& epoch,
                                                             const std::string& filter) const {
  const std::string key = archive::complete_key(location_, epoch, filter);
  const auto text = store_->get(key);
  if (!text && text.error().action() == Action::kNotFound) {
    return std::nullopt;
  }
  if (!text) {
    return fail(text.error());
  }
  const auto complete = archive::parse_complete(*text);
  if (!complete) {
    return fail(with_key(complete.error(), key));
  }
  return complete->sequence;
}

Result<void> Catalog::put_complete(const std::string& epoch, const std::string& filter,
                                   std::uint64_t sequence) const {
  return store_->put(archive::complete_key(location_, epoch, filter),
                     archive::serialize(archive::CompleteUpTo{sequence}));
}

Result<void> Catalog::remove_complete(const std::string& epoch, const std::string& filter) const {
  return store_->remove(archive::complete_key(location_, epoch, filter));
}

Result<std::shared_ptr<const archive::SegmentIndex>> Catalog::segment_index(
    const std::string& epoch, const std::string& filter) const {
  return indexes_.get(*store_, location_, epoch, filter);
}

Result<void> Catalog::put_segment_index(const archive::SegmentIndex& index) const {
  return store_->put(archive::index_key(location_, index.epoch(), index.filter()),
                     index.serialize());
}

bool may_select(const Selection& selection, const ChunkRef& chunk) {
  return (!selection.from_time || chunk.name.time_max >= *selection.from_time) &&
         (!selection.to_time || chunk.name.time_min <= *selection.to_time) &&
         subjects_overlap(chunk.filter, selection.subject);
}

Result<std::uint64_t> Catalog::count_messages(const Selection& selection) const {
  auto all = epochs();
  if (!all) {
    return fail(all.error());
  }
  std::uint64_t count = 0;
  for (const auto& epoch : *all) {
    if (epoch.name < selection.after.epoch ||
        (selection.until && epoch.name > selection.until->epoch)) {
      continue;
    }
    const std::map<std::string, std::uint64_t> reached =
        selection.after.epoch == epoch.name ? selection.after.reached
                                            : std::map<std::string, std::uint64_t>{};
    auto lister = ChunkLister::open(*this, epoch);
    if (!lister) {
      return fail(lister.error());
    }
    if (auto planned =
            lister->leave_out({.selection = selection, .passed = &reached, .sum_segments = true});
        !planned) {
      return fail(planned.error());
    }
    count += lister->summed().messages;
    while (true) {
      auto chunk = lister->peek();
      if (!chunk) {
        return fail(chunk.error());
      }
      if (*chunk == nullptr) {
        break;
      }
      const auto found = reached.find((*chunk)->filter);
      const bool passed = found != reached.end() && (*chunk)->name.last <= found->second;
      count += !passed && may_select(selection, **chunk) ? (*chunk)->name.count : 0;
      lister->pop();
    }
  }
  return count;
}

Result<bool> Catalog::has_connector_chunks(const std::string& subject) const {
  bool found = false;
  return visit_v1_chunks(*this, archive::v1_folder(location_, subject),
                         [&](const archive::V1ChunkName& /*name*/) {
                           found = true;
                           return false;
                         })
      .map([&] { return found; });
}

std::string Catalog::nothing_archived() const {
  return fmt::format("nothing is archived under '{}': check the bucket, prefix and stream",
                     archive::stream_folder(location_));
}

}  // namespace nats3::catalog
