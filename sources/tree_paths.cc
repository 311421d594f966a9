#include "sources/tree_paths.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <ranges>

namespace holdfast {
namespace {

constexpr std::size_t kLinkLimit = 40, kPartLimit = 256;

// Those still to be walked, the next one last.
std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    if (end > 0 && path.substr(0, end) != ".") parts.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  std::ranges::reverse(parts);
  return parts;
}

}  // namespace

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? std::string_view() : path.substr(0, slash));
}

std::string joined_path(std::string_view folder, std::string_view below) {
  if (folder.empty() || below.empty()) return std::string(folder.empty() ? below : folder);
  return fmt::format("{}/{}", folder, below);
}

Result<TreePaths::Place> TreePaths::find(const std::string& folder, std::string_view path) {
  if (path.starts_with('/'))
    return fail(ErrorKind::Invalid, "the path is absolute", std::string(path), "write it relative to its file");
  if (path.find('\0') != std::string_view::npos || path.size() > 4096)
    return fail(ErrorKind::Invalid, "the path is too long, or holds a NUL byte");
  std::vector<std::string> ahead = parts_of(path);
  for (std::string& part : parts_of(folder)) ahead.push_back(std::move(part));
  return walk(std::move(ahead));
}

Result<TreePaths::Place> TreePaths::walk(std::vector<std::string> ahead) {
  std::vector<std::string> done;
  std::size_t followed = 0;
  while (!ahead.empty()) {
    if (ahead.size() + done.size() > kPartLimit) return fail(ErrorKind::Invalid, "the path has too many parts");
    const std::string part = std::move(ahead.back());
    ahead.pop_back();
    if (part == "..") {
      if (done.empty())
        return fail(ErrorKind::Invalid, "the path leaves the repository", {}, "move what is wanted into it");
      done.pop_back();
      continue;
    }
    done.push_back(part);
    const std::string here = fmt::format("{}", fmt::join(done, "/"));
    auto entry = tree_.entry(here);
    if (!entry) {
      if (entry.error().kind != ErrorKind::NotFound) return std::unexpected(entry.error());
      inputs_[here] = "";
      return fail(ErrorKind::NotFound, "there is no such file or folder", here);
    }
    if (entry->kind == TreeEntry::Kind::Submodule)
      return fail(ErrorKind::Invalid, "this is a submodule, and those are not fetched", here,
                  "copy what is needed into the repository");
    if (entry->kind == TreeEntry::Kind::Link) {
      if (++followed > kLinkLimit) return fail(ErrorKind::Invalid, "links lead in circles", here);
      if (auto left = follow(here, entry->id, ahead, done); !left) return std::unexpected(left.error());
    } else if (ahead.empty()) {
      return Place{here, std::move(*entry)};
    }
  }
  const std::string here = fmt::format("{}", fmt::join(done, "/"));
  auto entry = tree_.entry(here);
  if (!entry) return std::unexpected(entry.error());
  return Place{here, std::move(*entry)};
}

Result<void> TreePaths::follow(const std::string& link, const std::string& id, std::vector<std::string>& ahead,
                               std::vector<std::string>& done) {
  auto target = tree_.read_link(link);
  if (!target) return std::unexpected(target.error());
  if (target->starts_with('/'))
    return fail(ErrorKind::Invalid, "this link leaves the repository", link, "link to something inside, or copy it");
  done.pop_back();
  std::ptrdiff_t depth = static_cast<std::ptrdiff_t>(done.size());
  std::vector<std::string> parts = parts_of(*target);
  for (const std::string& part : parts | std::views::reverse) {
    depth += part == ".." ? -1 : 1;
    if (depth < 0)
      return fail(ErrorKind::Invalid, "this link leaves the repository", link, "link to something inside, or copy it");
  }
  for (std::string& part : parts) ahead.push_back(std::move(part));
  inputs_[link] = id;
  links_[link] = std::move(*target);
  return {};
}

std::vector<RenderInput> TreePaths::inputs() const {
  std::vector<RenderInput> inputs;
  inputs.reserve(inputs_.size());
  for (const auto& [path, id] : inputs_) inputs.push_back({path, id});
  return inputs;
}

}  // namespace holdfast
