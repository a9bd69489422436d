#include "catalog/contents.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "archive/key.h"
#include "archive/text.h"
#include "archive/v1_chunk.h"
#include "catalog/chunk_lister.h"
#include "catalog/v1_folders.h"

namespace nats3::catalog {
namespace {

// Of the folders that may hold version-1 chunks, so many are looked into before it is believed that
// none does.
constexpr std::size_t kFoldersTried = 8;
constexpr std::size_t kNamesTried = 100;

// 0 when there is no chunk. What sorts before all chunks isn't one.
Result<std::uint64_t> first_sequence(const Catalog& catalog, const std::string& epoch,
                                     const std::string& filter) {
  object::ListQuery query{
      .prefix = archive::filter_folder(catalog.location(), epoch, filter),
      .start_after = archive::list_chunks_from(catalog.location(), epoch, filter, 0),
      .limit = kNamesTried};
  do {
    const auto page = catalog.store().list(query);
    if (!page) {
      return fail(page.error());
    }
    for (const object::ObjectInfo& object : page->objects) {
      if (const auto chunk = catalog.parse_chunk(filter, object)) {
        return chunk->name.first;
      }
    }
    query.token = page->next_token;
  } while (!query.token.empty());
  return 0;
}

Result<SubjectContents> count_filter(const Catalog& catalog, const std::string& epoch,
                                     const std::string& filter) {
  SubjectContents found{.subject = filter};
  const auto first = first_sequence(catalog, epoch, filter);
  if (!first) {
    return fail(first.error());
  }
  if (*first == 0) {
    return found;  // whatever an index says
  }
  found.first_sequence = *first;
  auto lister = ChunkLister::of_filters(catalog, epoch, {filter});
  const Selection everything;
  if (auto planned = lister.leave_out({.selection = everything, .sum_segments = true}); !planned) {
    return fail(planned.error());
  }
  found.totals = lister.summed();
  for (;;) {
    const auto chunk = lister.peek();
    if (!chunk) {
      return fail(chunk.error());
    }
    if (*chunk == nullptr) {
      return found;
    }
    found.totals.add((*chunk)->name);
    lister.pop();
  }
}

Result<EpochContents> count_epoch(const Catalog& catalog, archive::EpochDescription description) {
  const auto filters = catalog.filters(description);
  if (!filters) {
    return fail(filters.error());
  }
  EpochContents found{.description = std::move(description)};
  for (const std::string& filter : *filters) {
    auto subject = count_filter(catalog, found.description.name, filter);
    if (!subject) {
      return fail(subject.error());
    }
    found.subjects.push_back(std::move(*subject));
  }
  return found;
}

Result<SubjectContents> count_v1(const Catalog& catalog, const std::string& subject) {
  SubjectContents found{.subject = subject};
  auto visited = visit_v1_chunks(catalog, archive::v1_folder(catalog.location(), subject),
                                 [&](const archive::V1ChunkName& name) {
                                   const Timestamp time{std::chrono::seconds{name.seconds}};
                                   found.totals.add(ChunkTotals{1, name.count, 0, time, time});
                                   return true;
                                 });
  return visited.map([&] { return std::move(found); });
}

// Whether a version-1 chunk is among the first names of a folder.
Result<bool> begins_with_v1_chunk(const Catalog& catalog, const std::string& subject) {
  const std::string folder = archive::v1_folder(catalog.location(), subject);
  const auto page =
      catalog.store().list({.prefix = folder, .delimiter = "/", .limit = kNamesTried});
  if (!page) {
    return fail(page.error());
  }
  return std::ranges::any_of(page->objects, [&](const object::ObjectInfo& object) {
    const auto name = std::string_view(object.key).substr(folder.size());
    return archive::parse_v1_chunk_name(name).has_value();
  });
}

// Whether nats-s3-connector has archived a stream where these folders are.
Result<bool> has_v1_chunks(const Catalog& catalog, std::vector<std::string> folders) {
  std::erase_if(folders, [](const std::string& name) { return !is_v1_subject(name); });
  // First those that look most like the subjects that people archive.
  std::ranges::stable_partition(
      folders, [](const std::string& name) { return name.find_first_of(".*>") != name.npos; });
  folders.resize(std::min(folders.size(), kFoldersTried));
  for (const std::string& subject : folders) {
    const auto found = begins_with_v1_chunk(catalog, subject);
    if (!found || *found) {
      return found;
    }
  }
  return false;
}

// The stream that an epoch's folder is of, in a folder of that name; nullopt when it is none.
Result<std::optional<std::string>> stream_of_epoch(object::ObjectStore& store,
                                                   const std::string& folder,
                                                   const std::string& epoch_path) {
  if (auto decoded = archive::decode_component(folder)) {
    return archive::is_utf8(*decoded) ? std::optional(std::move(*decoded)) : std::nullopt;
  }
  // A long name is cut in a key, and whole in the description.
  const auto text = store.get(epoch_path + "/stream.json");
  if (!text && text.error().action() != Action::kNotFound &&
      text.error().code != ErrorCode::kInvalid) {
    return fail(text.error());
  }
  const auto description = text ? archive::parse_epoch_description(*text)
                                : Result<archive::EpochDescription>(fail(text.error()));
  const bool fits = description && archive::encode_component(description->stream) == folder;
  return fits ? std::optional(description->stream) : std::nullopt;
}

// The stream that a folder is for, if it is for one.
Result<std::optional<std::string>> stream_of(const std::shared_ptr<object::ObjectStore>& store,
                                             const std::string& prefix, const std::string& folder) {
  const auto catalog = Catalog::open(store, prefix, folder);
  if (!catalog) {
    return fail(catalog.error());
  }
  const std::string path = archive::v1_folder((*catalog)->location());
  auto names = (*catalog)->folders(path);
  if (!names) {
    return fail(names.error());
  }
  for (const std::string& name : *names) {
    if (archive::parse_epoch_name(name)) {
      auto stream = stream_of_epoch(*store, folder, path + name);
      if (!stream || *stream) {
        return stream;
      }
    }
  }
  return has_v1_chunks(**catalog, std::move(*names)).map([&](bool found) {
    return found ? std::optional(folder) : std::nullopt;
  });
}

}  // namespace

Result<StreamContents> stream_contents(const Catalog& catalog) {
  StreamContents found;
  auto epochs = catalog.epochs();
  if (!epochs) {
    return fail(epochs.error());
  }
  for (archive::EpochDescription& description : *epochs) {
    auto epoch = count_epoch(catalog, std::move(description));
    if (!epoch) {
      return fail(epoch.error());
    }
    found.epochs.push_back(std::move(*epoch));
  }
  const auto subjects = v1_subjects(catalog);
  if (!subjects) {
    return fail(subjects.error());
  }
  for (const std::string& subject : *subjects) {
    auto counted = count_v1(catalog, subject);
    if (!counted) {
      return fail(counted.error());
    }
    if (counted->totals.chunks > 0) {
      found.old_chunks.push_back(std::move(*counted));
    }
  }
  return found;
}

Result<BucketContents> bucket_contents(const std::shared_ptr<object::ObjectStore>& store,
                                       const std::string& prefix) {
  const auto catalog = Catalog::open(store, prefix, "any");
  if (!catalog) {
    return fail(catalog.error());
  }
  auto names = (*catalog)->folders(prefix.empty() ? "" : prefix + "/");
  if (!names) {
    return fail(names.error());
  }
  BucketContents found;
  for (std::string& name : *names) {
    if (!archive::check_location({.prefix = name, .stream = "any"})) {
      continue;  // of keys that nats3 doesn't make, and can't ask for
    }
    auto stream = stream_of(store, prefix, name);
    if (!stream) {
      return fail(stream.error());
    }
    if (*stream) {
      found.streams.push_back(std::move(**stream));
    } else {
      found.folders.push_back(std::move(name));
    }
  }
  // One that both generations have archived may have two folders.
  std::ranges::sort(found.streams);
  const auto repeated = std::ranges::unique(found.streams);
  found.streams.erase(repeated.begin(), repeated.end());
  return found;
}

}  // namespace nats3::catalog
