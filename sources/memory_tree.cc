#include "sources/memory_tree.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "holdfast/base/digest.h"

namespace holdfast {
namespace {

std::unexpected<Error> not_found(const std::string& path) {
  return fail(ErrorKind::NotFound, fmt::format("path {} does not exist", path), {}, "check the path");
}

std::string_view first_name(std::string_view& path) {
  const std::size_t end = std::min(path.find('/'), path.size());
  const std::string_view name = path.substr(0, end);
  path.remove_prefix(std::min(end + 1, path.size()));
  return name;
}

}  // namespace

// Where it is to be: made, with the folders above it, if it is not there.
Result<MemoryTree::Node*> MemoryTree::place_for(const std::string& path) {
  Node* at = &root_;
  for (std::string_view rest = path; !rest.empty();) {
    if (at->kind != TreeEntry::Kind::Folder)
      return fail(ErrorKind::Invalid, "something is to be below what is no folder", path, "make the archive anew");
    at = &at->children[std::string(first_name(rest))];
  }
  return at;
}

Result<void> MemoryTree::add_folder(const std::string& path) {
  const auto place = place_for(path);
  if (!place) return std::unexpected(place.error());
  if ((*place)->kind != TreeEntry::Kind::Folder)
    return fail(ErrorKind::Invalid, "is a folder and something else at once", path, "make the archive anew");
  return {};
}

Result<void> MemoryTree::add_leaf(const std::string& path, Node leaf) {
  const auto place = place_for(path);
  if (!place) return std::unexpected(place.error());
  if (!(*place)->children.empty())
    return fail(ErrorKind::Invalid, "is a folder and something else at once", path, "make the archive anew");
  **place = std::move(leaf);
  return {};
}

Result<void> MemoryTree::add_file(const std::string& path, std::string content, const std::string& sha256_hex) {
  return add_leaf(path, {TreeEntry::Kind::File, "sha256:" + sha256_hex, std::move(content), false, {}});
}

Result<void> MemoryTree::add_large_file(const std::string& path, const std::string& sha256_hex) {
  return add_leaf(path, {TreeEntry::Kind::File, "sha256:" + sha256_hex, {}, true, {}});
}

Result<void> MemoryTree::add_link(const std::string& path, std::string target) {
  std::string id = "sha256:" + to_hex(sha256(target));
  return add_leaf(path, {TreeEntry::Kind::Link, std::move(id), std::move(target), false, {}});
}

Result<void> MemoryTree::enter_only_folder() {
  if (root_.children.size() != 1 || root_.children.begin()->second.kind != TreeEntry::Kind::Folder)
    return fail(ErrorKind::Invalid, "has not just one folder at its top, as a chart's archive has", {},
                "make it by `helm package`");
  Node only = std::move(root_.children.begin()->second);
  root_ = std::move(only);
  return {};
}

void MemoryTree::finish() { make_ids(root_); }

// Of a folder: what its names lead to. Sizes keep one name from being read as two.
void MemoryTree::make_ids(Node& folder) {
  std::string all;
  for (auto& [name, child] : folder.children) {
    if (child.kind == TreeEntry::Kind::Folder) make_ids(child);
    all += fmt::format("{} {}:{} {}\n", static_cast<int>(child.kind), name.size(), name, child.id);
  }
  folder.id = "sha256:" + to_hex(sha256(all));
}

Result<const MemoryTree::Node*> MemoryTree::find(const std::string& path) const {
  const Node* at = &root_;
  for (std::string_view rest = path; !rest.empty();) {
    const auto child = at->children.find(std::string(first_name(rest)));
    if (child == at->children.end()) return not_found(path);
    at = &child->second;
  }
  return at;
}

Result<TreeEntry> MemoryTree::entry(const std::string& path) {
  const auto node = find(path);
  if (!node) return std::unexpected(node.error());
  return TreeEntry{(*node)->kind, path.substr(path.rfind('/') + 1), (*node)->id};
}

Result<std::vector<TreeEntry>> MemoryTree::list(const std::string& folder) {
  const auto node = find(folder);
  if (!node) return std::unexpected(node.error());
  if ((*node)->kind != TreeEntry::Kind::Folder) return fail(ErrorKind::Invalid, "is no folder", folder);
  std::vector<TreeEntry> entries;
  for (const auto& [name, child] : (*node)->children) entries.push_back({child.kind, name, child.id});
  return entries;
}

Result<std::string> MemoryTree::read(const std::string& path) {
  const auto node = find(path);
  if (!node) return std::unexpected(node.error());
  if ((*node)->kind != TreeEntry::Kind::File) return fail(ErrorKind::Invalid, "is no file", path);
  if ((*node)->large)
    return fail(ErrorKind::TooLarge, "the file is larger than 16 MiB", path, "keep large files out of what is read");
  return (*node)->content;
}

Result<std::string> MemoryTree::read_link(const std::string& path) {
  const auto node = find(path);
  if (!node) return std::unexpected(node.error());
  if ((*node)->kind != TreeEntry::Kind::Link) return fail(ErrorKind::Invalid, "is no link", path);
  return (*node)->content;
}

}  // namespace holdfast
