#include "sources/source_tree.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <set>
#include <utility>

namespace holdfast {
namespace {

constexpr std::size_t kMostNotes = 1'000;

std::string below(const std::string& path, const std::string& name) { return path.empty() ? name : path + "/" + name; }

class FileWalk {
 public:
  FileWalk(RevisionTree& tree, const ReadLimits& limits, const FileChoice& choice, const std::string& subpath)
      : tree_(tree), limits_(limits), choice_(choice), subpath_(subpath) {}

  Result<void> folder(const std::string& path, std::size_t depth) {
    if (depth > limits_.folder_depth)
      return fail(ErrorKind::TooLarge, fmt::format("folders nest deeper than {}", limits_.folder_depth), path);
    const auto entries = tree_.list(path);
    if (!entries) return std::unexpected(entries.error());
    entries_seen_ += entries->size();
    if (entries_seen_ > limits_.entry_count)
      return fail(ErrorKind::TooLarge, fmt::format("more than {} files and folders", limits_.entry_count), path,
                  "narrow --path");
    for (const TreeEntry& entry : *entries)
      if (auto done = take(entry, below(path, entry.name), depth); !done) return done;
    return {};
  }

  Result<void> file(const TreeEntry& entry, const std::string& path) {
    if (files_.size() >= limits_.file_count)
      return fail(ErrorKind::TooLarge, fmt::format("more than {} files", limits_.file_count), path, "narrow --path");
    files_.push_back({path, entry.id});
    return {};
  }

  ChosenFiles finish() {
    std::ranges::sort(files_, {}, &ChosenFile::path);
    return {std::move(files_), {notes_.begin(), notes_.end()}};
  }

 private:
  [[nodiscard]] bool wants(std::string_view path) const {
    return may_hold_manifests(path) && choice_.takes(subpath_.empty() ? path : path.substr(subpath_.size() + 1));
  }

  void note(std::string text) {
    if (notes_.size() < kMostNotes) notes_.insert(std::move(text));
  }

  Result<void> take(const TreeEntry& entry, const std::string& path, std::size_t depth) {
    using Kind = TreeEntry::Kind;
    const bool folder_like = entry.kind == Kind::Folder;
    if (entry.kind == Kind::Submodule) {
      note(fmt::format("{} is a submodule and is not followed", path));
    } else if (entry.name.starts_with(".")) {
      if (folder_like ? choice_.recurse : wants(path)) note(fmt::format("{} is hidden and is left out", path));
    } else if (entry.kind == Kind::Link) {
      if (wants(path) || entry.name.find('.') == std::string::npos)
        note(fmt::format("{} is a symbolic link and is not followed", path));
    } else if (folder_like) {
      if (choice_.recurse) return folder(path, depth + 1);
    } else if (wants(path)) {
      return file(entry, path);
    }
    return {};
  }

  RevisionTree& tree_;
  const ReadLimits& limits_;
  const FileChoice& choice_;
  const std::string& subpath_;
  std::size_t entries_seen_ = 0;
  std::vector<ChosenFile> files_;
  std::set<std::string> notes_;
};

Error no_way_through(RevisionTree& tree, const std::string& path, const std::string& at, TreeEntry::Kind kind) {
  if (kind == TreeEntry::Kind::Submodule)
    return {ErrorKind::Invalid,
            fmt::format("path {} leads into the submodule {} at {}", path, at, tree.revision()),
            {},
            "submodules are not fetched: let an application have the submodule's own repository"};
  return {ErrorKind::Invalid,
          fmt::format("path {} leads through the symbolic link {} at {}", path, at, tree.revision()),
          {},
          "point --path at the folder itself"};
}

}  // namespace

bool may_hold_manifests(std::string_view name) {
  return name.ends_with(".yaml") || name.ends_with(".yml") || name.ends_with(".json");
}

Result<std::string> normal_subpath(std::string_view path) {
  if (path.size() > 4096 || path.find('\0') != std::string_view::npos)
    return fail(ErrorKind::Invalid, "the path is too long or holds a NUL byte");
  std::string normal;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") return fail(ErrorKind::Invalid, "the path leaves the repository", {}, "write it without ..");
    if (!normal.empty()) normal += '/';
    normal += part;
  }
  return normal;
}

Result<TreeEntry> entry_at(RevisionTree& tree, const std::string& path) {
  auto here = tree.entry(path);
  if (!here && here.error().kind != ErrorKind::NotFound) return here;
  const auto leads_on = [](TreeEntry::Kind kind) {
    return kind == TreeEntry::Kind::Folder || kind == TreeEntry::Kind::File;
  };
  if (here && leads_on(here->kind)) return here;
  for (std::size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string at = path.substr(0, end);
    const auto on_the_way = tree.entry(at);
    if (on_the_way && !leads_on(on_the_way->kind))
      return std::unexpected(no_way_through(tree, path, at, on_the_way->kind));
    if (end == std::string::npos) break;
  }
  return here;
}

Result<ChosenFiles> choose_files(RevisionTree& tree, const std::string& subpath, const ReadLimits& limits,
                                 const FileChoice& choice) {
  const auto start = entry_at(tree, subpath);
  if (!start) return std::unexpected(start.error());
  FileWalk walk(tree, limits, choice, subpath);
  auto done = start->kind == TreeEntry::Kind::Folder ? walk.folder(subpath, 0) : walk.file(*start, subpath);
  if (!done) return std::unexpected(done.error());
  ChosenFiles chosen = walk.finish();
  if (chosen.files.empty())
    return fail(
        ErrorKind::NotFound,
        fmt::format("no .yaml, .yml or .json file{} below {} at {}", choice == FileChoice{} ? "" : " that is chosen",
                    subpath.empty() ? "the root" : subpath, tree.revision()),
        {}, "check --path; to want nothing at all, leave a file there that holds only a comment");
  return chosen;
}

Result<void> ReadBudget::take(const std::string& path, std::size_t size_bytes) {
  if (size_bytes > limits_.file_bytes)
    return fail(ErrorKind::TooLarge, fmt::format("larger than {} bytes", limits_.file_bytes), path,
                "split it: an API server takes objects of some 3 MiB at most");
  if (size_bytes > limits_.total_bytes - total_bytes_)
    return fail(ErrorKind::TooLarge, fmt::format("all files together are larger than {} bytes", limits_.total_bytes),
                path, "narrow --path");
  total_bytes_ += size_bytes;
  return {};
}

Result<SourceTree> read_files(RevisionTree& tree, const std::string& subpath, const ReadLimits& limits,
                              const FileChoice& choice) {
  auto chosen = choose_files(tree, subpath, limits, choice);
  if (!chosen) return std::unexpected(chosen.error());
  std::vector<std::string> paths;
  paths.reserve(chosen->files.size());
  for (const ChosenFile& file : chosen->files) paths.push_back(file.path);
  if (auto brought = tree.bring(paths); !brought) return std::unexpected(brought.error());
  SourceTree read{FileSet{tree.revision(), {}, tree.committed_s()}, std::move(chosen->notes)};
  ReadBudget budget(limits);
  for (const std::string& path : paths) {
    auto content = tree.read(path);
    if (!content) return std::unexpected(content.error());
    if (auto taken = budget.take(path, content->size()); !taken) return std::unexpected(taken.error());
    read.files.files.push_back(SourceFile{path, std::move(*content)});
  }
  return read;
}

}  // namespace holdfast
