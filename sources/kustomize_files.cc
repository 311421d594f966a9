#include "sources/kustomize_files.h"

#include <spdlog/fmt/fmt.h>

#include <utility>

namespace holdfast {
namespace {

constexpr std::size_t kFolderLimit = 2000, kFileLimit = 20'000;

std::unexpected<Error> remote(const KustomizationReference& reference) {
  return fail(
      ErrorKind::Invalid,
      fmt::format("{} is an address, {}, and nothing is fetched while rendering", reference.field, reference.path),
      reference.where, "copy it into the repository, or make it an Application of its own");
}

}  // namespace

Result<std::string> KustomizeFiles::add(const std::string& path, const std::string& field) {
  const auto place = paths_.find("", path);
  if (!place) return std::unexpected(place.error());
  if (place->entry.kind != TreeEntry::Kind::Folder)
    return fail(ErrorKind::Invalid, fmt::format("{} is no folder, and kustomize wants one", field), path,
                "point it at the folder of the kustomization");
  std::vector<std::string> level{place->path}, next;
  if (!folders_.insert(place->path).second) return place->path;
  while (!level.empty()) {
    if (auto read = read_level(level, next); !read) return std::unexpected(read.error());
    level = std::exchange(next, {});
  }
  return place->path;
}

Result<std::vector<std::string>> KustomizeFiles::kustomization_files(const std::string& folder) {
  std::vector<std::string> found;
  for (const char* name : kKustomizationNames) {
    auto place = paths_.find(folder, name);
    if (!place && place.error().kind == ErrorKind::NotFound) continue;
    if (!place) return std::unexpected(place.error());
    paths_.remember(*place);
    files_.insert(place->path);
    found.push_back(std::move(place->path));
  }
  return found;
}

// Those of one distance from the first, so that a remote source is asked twice for each distance and not for each file.
Result<void> KustomizeFiles::read_level(const std::vector<std::string>& folders, std::vector<std::string>& next) {
  std::vector<std::pair<std::string, std::string>> found;  // folder, file
  std::vector<std::string> wanted;
  for (const std::string& folder : folders) {
    auto files = kustomization_files(folder);
    if (!files) return std::unexpected(files.error());
    if (files->empty())
      return fail(ErrorKind::Invalid, "there is no kustomization in this folder", folder.empty() ? "." : folder,
                  fmt::format("add a {}", kKustomizationNames[0]));
    wanted.insert(wanted.end(), files->begin(), files->end());
    found.emplace_back(folder, std::move(files->front()));
  }
  if (auto brought = tree_.bring(wanted); !brought) return brought;
  for (const auto& [folder, file] : found) {
    const auto text = tree_.read(file);
    if (!text) return std::unexpected(text.error());
    const auto references = read_kustomization(*text, file);
    if (!references) return std::unexpected(references.error());
    for (const KustomizationReference& reference : *references)
      if (auto taken = take(folder, reference, next); !taken) return taken;
  }
  return {};
}

Result<void> KustomizeFiles::take(const std::string& folder, const KustomizationReference& reference,
                                  std::vector<std::string>& next) {
  const auto place = paths_.find(folder, reference.path);
  if (!place) {
    const Error& error = place.error();
    if (error.kind != ErrorKind::NotFound && error.kind != ErrorKind::Invalid) return std::unexpected(error);
    if (!reference.certain) return {};
    if (is_remote_reference(reference.path)) return remote(reference);
    if (error.kind == ErrorKind::NotFound)
      return fail(ErrorKind::Invalid, fmt::format("{} names {}, which is not there", reference.field, reference.path),
                  reference.where, fmt::format("there is nothing at {}", error.where));
    return fail(ErrorKind::Invalid, fmt::format("{} names {}: {}", reference.field, reference.path, error.message),
                reference.where, error.hint);
  }
  if (place->entry.kind == TreeEntry::Kind::File) return take_file(folder, *place, reference, next);
  if (!reference.folder) {
    if (!reference.certain) return {};
    return fail(ErrorKind::Invalid, fmt::format("{} names a folder, {}", reference.field, reference.path),
                reference.where, "name a file in it");
  }
  if (folders_.size() >= kFolderLimit)
    return fail(ErrorKind::TooLarge, fmt::format("more than {} kustomizations", kFolderLimit), reference.where);
  if (!folders_.insert(place->path).second) return {};
  next.push_back(place->path);
  return {};
}

Result<void> KustomizeFiles::take_file(const std::string& folder, const TreePaths::Place& place,
                                       const KustomizationReference& reference, std::vector<std::string>& next) {
  if (files_.size() >= kFileLimit)
    return fail(ErrorKind::TooLarge, fmt::format("more than {} files", kFileLimit), reference.where);
  paths_.remember(place);
  if (!files_.insert(place.path).second || !reference.plugin) return {};
  const auto text = tree_.read(place.path);
  if (!text) return std::unexpected(text.error());
  const auto more = read_plugin_configuration(*text, place.path);
  if (!more) return std::unexpected(more.error());
  for (const KustomizationReference& one : *more)
    if (auto taken = take(folder, one, next); !taken) return taken;
  return {};
}

}  // namespace holdfast
