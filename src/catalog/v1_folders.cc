#include "catalog/v1_folders.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "archive/v1_chunk.h"
#include "base/subject.h"

namespace nats3::catalog {
namespace {

// Looks at every key of a folder.
Result<void> scan(const Catalog& catalog, const Selection& selection, std::uint64_t from,
                  V1Folder& folder, V1Folders& found) {
  return visit_v1_chunks(catalog, folder.path, [&](const archive::V1ChunkName& name) {
    folder.digits.insert(std::to_string(name.seconds).size());
    found.last_second = std::max(found.last_second, name.seconds);
    const bool late =
        (selection.to_time && Timestamp{std::chrono::seconds{name.seconds}} > *selection.to_time) ||
        (selection.until && name.seconds > selection.until->v1_second);
    found.messages += !late && name.seconds >= from ? name.count : 0;
    return true;
  });
}

Result<void> check_apart(const Selection& selection, const std::vector<V1Folder>& folders) {
  for (std::size_t i = 0; i < folders.size(); ++i) {
    for (std::size_t j = i + 1; j < folders.size(); ++j) {
      if (subjects_overlap(folders[i].subject, folders[j].subject)) {
        return fail(
            ErrorCode::kInvalid,
            fmt::format("version-1 chunks of '{}' and '{}' may hold the same messages, and "
                        "nothing tells which: name one of the two as read_subject, not '{}'",
                        folders[i].subject, folders[j].subject, selection.subject));
      }
    }
  }
  return {};
}

// Looks for one folder after another, as far as a position allows.
class Finder {
 public:
  Finder(const Catalog& catalog, const Selection& selection)
      : catalog_(catalog), selection_(selection) {}

  Result<V1Folders> find() {
    if (!selection_.after.epoch.empty()) {
      auto place = parse_v1_place(selection_.after.epoch);
      if (!place) {
        return fail(place.error().with_context("position of a load job"));
      }
      from_ = place->second;
      choice_ = place->choice;
    }
    if (choice_ != V1Choice::kOverlapping) {
      if (auto added = add(selection_.subject); !added) {
        return fail(added.error());
      }
      if (choice_ == V1Choice::kNamed || !found_.folders.empty()) {
        return std::move(found_);
      }
    }
    return add_overlapping().map([&] { return std::move(found_); });
  }

 private:
  Result<void> add(const std::string& subject) {
    V1Folder folder{.subject = subject, .path = archive::v1_folder(catalog_.location(), subject)};
    if (auto scanned = scan(catalog_, selection_, from_, folder, found_); !scanned) {
      return scanned;
    }
    if (!folder.digits.empty()) {
      found_.folders.push_back(std::move(folder));
    }
    return {};
  }

  Result<void> add_overlapping() {
    found_.choice = V1Choice::kOverlapping;
    auto names = v1_subjects(catalog_);
    if (!names) {
      return fail(names.error());
    }
    for (const std::string& name : *names) {
      if (!subjects_overlap(name, selection_.subject)) {
        continue;
      }
      if (auto added = add(name); !added) {
        return added;
      }
    }
    return check_apart(selection_, found_.folders);
  }

  const Catalog& catalog_;
  const Selection& selection_;
  std::uint64_t from_ = 0;  // no chunk of an earlier second is left to read
  std::optional<V1Choice> choice_;
  V1Folders found_;
};

}  // namespace

bool is_v1_subject(const std::string& folder) {
  return !archive::parse_epoch_name(folder) && check_subject_filter(folder);
}

Result<std::vector<std::string>> v1_subjects(const Catalog& catalog) {
  auto names = catalog.folders(archive::v1_folder(catalog.location()));
  if (names) {
    std::erase_if(*names, [](const std::string& name) { return !is_v1_subject(name); });
  }
  return names;
}

Result<void> visit_v1_chunks(const Catalog& catalog, const std::string& path,
                             const std::function<bool(const archive::V1ChunkName&)>& visit) {
  object::ListQuery query{.prefix = path, .delimiter = "/"};
  do {
    auto page = catalog.store().list(query);
    if (!page) {
      return fail(page.error().with_context("listing " + path));
    }
    for (const auto& object : page->objects) {
      const auto name =
          archive::parse_v1_chunk_name(std::string_view(object.key).substr(path.size()));
      if (name && !visit(*name)) {
        return {};
      }
    }
    query.token = page->next_token;
  } while (!query.token.empty());
  return {};
}

Result<V1Folders> find_v1_folders(const Catalog& catalog, const Selection& selection) {
  const std::string& after = selection.after.epoch;
  if (!after.empty() && !is_v1_place(after)) {
    return V1Folders{};
  }
  return Finder(catalog, selection).find();
}

}  // namespace nats3::catalog
