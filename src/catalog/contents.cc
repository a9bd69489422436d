#include "catalog/contents.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "archive/key.h"
#include "archive/v1_chunk.h"
#include "catalog/chunk_lister.h"
#include "catalog/v1_folders.h"

namespace nats3::catalog {
namespace {

// A folder with version-1 chunks has them in each of its folders: a few tell.
constexpr std::size_t kFoldersThatTell = 8;

// Chunks counted one by one, all together.
class Counter {
 public:
  Result<void> count_one(const std::string& folder) {
    if (++counted_ > kMostCounted) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("'{}' has more than {} chunks that no index covers: a store job that "
                              "runs makes one",
                              folder, kMostCounted));
    }
    return {};
  }

 private:
  std::uint64_t counted_ = 0;
};

// 0 when there is no chunk.
Result<std::uint64_t> first_sequence(const Catalog& catalog, const std::string& epoch,
                                     const std::string& filter) {
  const auto page = catalog.store().list(
      {.prefix = archive::filter_folder(catalog.location(), epoch, filter), .limit = 1});
  if (!page) {
    return fail(page.error());
  }
  const auto first =
      page->objects.empty() ? std::nullopt : catalog.parse_chunk(filter, page->objects.front());
  return first ? first->name.first : 0;
}

Result<SubjectContents> count_filter(const Catalog& catalog, const std::string& epoch,
                                     const std::string& filter, Counter& counter) {
  SubjectContents found{.subject = filter};
  auto first = first_sequence(catalog, epoch, filter);
  if (!first) {
    return fail(first.error());
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
    if (auto counted = counter.count_one(archive::filter_folder(catalog.location(), epoch, filter));
        !counted) {
      return fail(counted.error());
    }
    lister.pop();
  }
}

Result<EpochContents> count_epoch(const Catalog& catalog, archive::EpochDescription description,
                                  Counter& counter) {
  const auto filters = catalog.filters(description);
  if (!filters) {
    return fail(filters.error());
  }
  EpochContents found{.description = std::move(description)};
  for (const std::string& filter : *filters) {
    auto subject = count_filter(catalog, found.description.name, filter, counter);
    if (!subject) {
      return fail(subject.error());
    }
    found.subjects.push_back(std::move(*subject));
  }
  return found;
}

Result<SubjectContents> count_v1(const Catalog& catalog, const std::string& subject,
                                 Counter& counter) {
  SubjectContents found{.subject = subject};
  const std::string folder = archive::v1_folder(catalog.location(), subject);
  Result<void> counted;
  auto visited = visit_v1_chunks(catalog, folder, [&](const archive::V1ChunkName& name) {
    const Timestamp time{std::chrono::seconds{name.seconds}};
    found.totals.add(ChunkTotals{1, name.count, 0, time, time});
    counted = counter.count_one(folder);
    return counted.has_value();
  });
  if (!visited || !counted) {
    return fail(visited ? counted.error() : visited.error());
  }
  return found;
}

// The stream that a folder is for, if it is for one.
class Folder {
 public:
  Folder(const std::shared_ptr<object::ObjectStore>& store, const std::string& prefix,
         std::string name)
      : store_(store), prefix_(prefix), name_(std::move(name)) {}

  Result<std::optional<std::string>> stream() const {
    auto catalog = Catalog::open(store_, prefix_, name_);
    if (!catalog) {
      return std::optional<std::string>{};  // no stream has such a name
    }
    const std::string path = archive::v1_folder((*catalog)->location());
    auto names = (*catalog)->folders(path);
    if (!names) {
      return fail(names.error());
    }
    const auto is_epoch = [](const std::string& name) {
      return archive::parse_epoch_name(name).has_value();
    };
    if (const auto epoch = std::ranges::find_if(*names, is_epoch); epoch != names->end()) {
      return stream_of_epoch(path + *epoch);
    }
    return stream_of_v1(**catalog);
  }

 private:
  // A long name is cut in a key, and whole in the description.
  Result<std::optional<std::string>> stream_of_epoch(const std::string& path) const {
    if (auto decoded = archive::decode_component(name_)) {
      return std::optional(std::move(*decoded));
    }
    const auto text = store_->get(path + "/stream.json");
    if (!text) {
      return fail(text.error());
    }
    auto description = archive::parse_epoch_description(*text);
    if (!description) {
      return fail(description.error().with_context(fmt::format("'{}/stream.json'", path)));
    }
    const bool fits = archive::encode_component(description->stream) == name_;
    return fits ? std::optional(std::move(description->stream)) : std::nullopt;
  }

  Result<std::optional<std::string>> stream_of_v1(const Catalog& catalog) const {
    auto subjects = v1_subjects(catalog);
    if (!subjects) {
      return fail(subjects.error());
    }
    subjects->resize(std::min(subjects->size(), kFoldersThatTell));
    for (const std::string& subject : *subjects) {
      const auto any = catalog.has_connector_chunks(subject);
      if (!any) {
        return fail(any.error());
      }
      if (*any) {
        return std::optional(name_);
      }
    }
    return std::optional<std::string>{};
  }

  const std::shared_ptr<object::ObjectStore>& store_;
  const std::string& prefix_;
  const std::string name_;
};

// The names of the folders below `prefix`.
Result<std::vector<std::string>> top_folders(object::ObjectStore& store,
                                             const std::string& prefix) {
  const std::string path = prefix.empty() ? "" : prefix + "/";
  std::vector<std::string> names;
  object::ListQuery query{.prefix = path, .delimiter = "/"};
  do {
    auto page = store.list(query);
    if (!page) {
      return fail(page.error());
    }
    for (const std::string& folder : page->common_prefixes) {
      names.push_back(folder.substr(path.size(), folder.size() - path.size() - 1));
    }
    if (names.size() > kMostFolders) {
      return fail(ErrorCode::kInvalid,
                  fmt::format("there are more than {} folders under '{}': give a prefix that is "
                              "nearer to the archive",
                              kMostFolders, path));
    }
    query.token = page->next_token;
  } while (!query.token.empty());
  return names;
}

}  // namespace

Result<StreamContents> stream_contents(const Catalog& catalog) {
  StreamContents found;
  Counter counter;
  auto epochs = catalog.epochs();
  if (!epochs) {
    return fail(epochs.error());
  }
  for (archive::EpochDescription& description : *epochs) {
    auto epoch = count_epoch(catalog, std::move(description), counter);
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
    auto counted = count_v1(catalog, subject, counter);
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
  if (auto checked = archive::check_location({.prefix = prefix, .stream = "any"}); !checked) {
    return fail(checked.error());
  }
  auto names = top_folders(*store, prefix);
  if (!names) {
    return fail(names.error());
  }
  BucketContents found;
  for (std::string& name : *names) {
    auto stream = Folder(store, prefix, name).stream();
    if (!stream) {
      return fail(stream.error());
    }
    if (*stream) {
      found.streams.push_back(std::move(**stream));
    } else {
      found.folders.push_back(std::move(name));
    }
  }
  std::ranges::sort(found.streams);
  return found;
}

}  // namespace nats3::catalog
