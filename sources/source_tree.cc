#include "sources/source_tree.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "sources/utf8.h"

namespace holdfast {
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

bool TreeCollector::wants(std::string_view path) const {
  if (!may_hold_manifests(path)) return false;
  return choice_.takes(subpath_.empty() ? path : path.substr(subpath_.size() + 1));
}

Result<void> TreeCollector::admit_name(const std::string& path) {
  if (!is_utf8(path)) return fail(ErrorKind::Invalid, "the name of a file is not UTF-8", {}, "rename it");
  if (name_count_ >= limits_.file_count)
    return fail(ErrorKind::TooLarge, fmt::format("more than {} files", limits_.file_count), path, "narrow --path");
  ++name_count_;
  return {};
}

Result<void> TreeCollector::admit_size(const std::string& path, std::size_t size_bytes) {
  if (size_bytes > limits_.file_bytes)
    return fail(ErrorKind::TooLarge, fmt::format("larger than {} bytes", limits_.file_bytes), path,
                "split it: an API server takes objects of some 3 MiB at most");
  if (size_bytes > limits_.total_bytes - total_bytes_)
    return fail(ErrorKind::TooLarge, fmt::format("all files together are larger than {} bytes", limits_.total_bytes),
                path, "narrow --path");
  total_bytes_ += size_bytes;
  return {};
}

Result<void> TreeCollector::enter(const std::string& folder, std::size_t depth) const {
  if (depth <= limits_.folder_depth) return {};
  return fail(ErrorKind::TooLarge, fmt::format("folders nest deeper than {}", limits_.folder_depth), folder);
}

void TreeCollector::add(std::string path, std::string content) {
  files_.push_back(SourceFile{std::move(path), std::move(content)});
}

Result<SourceTree> TreeCollector::finish(std::string revision) {
  if (files_.empty())
    return fail(
        ErrorKind::NotFound,
        fmt::format("no .yaml, .yml or .json file{} below {} at {}", choice_ == FileChoice{} ? "" : " that is chosen",
                    subpath_.empty() ? "the root" : subpath_, revision),
        {}, "check --path; to want nothing at all, leave a file there that holds only a comment");
  std::ranges::sort(files_, {}, &SourceFile::path);
  return SourceTree{FileSet{std::move(revision), std::move(files_)}, {notes_.begin(), notes_.end()}};
}

}  // namespace holdfast
