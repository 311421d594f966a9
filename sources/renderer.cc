#include "sources/renderer.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "sources/helm_renderer.h"
#include "sources/kustomization.h"
#include "sources/kustomize_renderer.h"
#include "sources/rendering_work.h"
#include "sources/tree_paths.h"

namespace holdfast {
namespace {

Result<bool> is_there(TreePaths& paths, const std::string& folder, const char* name) {
  const auto found = paths.find(folder, name);
  if (found) {
    paths.remember(*found);
    return true;
  }
  if (found.error().kind == ErrorKind::NotFound) return false;
  return std::unexpected(found.error());
}

}  // namespace

Result<Detected> detect_renderer(RevisionTree& tree, const std::string& path) {
  TreePaths paths(tree);
  const auto place = paths.find("", path);
  if (!place) return std::unexpected(place.error());
  if (place->entry.kind != TreeEntry::Kind::Folder) return Detected{RendererKind::Directory, {}};
  RendererKind kind = RendererKind::Directory;
  for (const char* name : kKustomizationNames) {
    const auto there = is_there(paths, place->path, name);
    if (!there) return std::unexpected(there.error());
    if (*there) kind = RendererKind::Kustomize;
  }
  if (kind == RendererKind::Directory) {
    const auto there = is_there(paths, place->path, "Chart.yaml");
    if (!there) return std::unexpected(there.error());
    if (*there) kind = RendererKind::Helm;
  }
  return Detected{kind, paths.inputs()};
}

std::shared_ptr<RenderTools> RenderTools::shared(const RenderProgramPaths& paths, const std::string& cache_folder) {
  static std::mutex mutex;
  static std::map<std::vector<std::string>, std::weak_ptr<RenderTools>> made;
  const std::lock_guard lock(mutex);
  std::weak_ptr<RenderTools>& known = made[{paths.kustomize, paths.helm, cache_folder}];
  auto tools = known.lock();
  if (tools == nullptr) known = tools = std::make_shared<RenderTools>(paths, cache_folder);
  return tools;
}

Result<std::vector<std::string>> files_to_bring(RevisionTree& tree, const PlainFiles& files, ParsedFiles& parsed) {
  if (files.way == nullptr || files.way->wishes.kind == RendererKind::Directory)
    return unknown_files(tree, files, parsed);
  if (files.way->wishes.kind != RendererKind::Detect) return std::vector<std::string>();
  const auto detected = detect_renderer(tree, files.path);
  if (!detected) return std::unexpected(detected.error());
  if (detected->kind != RendererKind::Directory) return std::vector<std::string>();
  return unknown_files(tree, files, parsed);
}

Result<Rendering> render(RevisionTree& tree, const PlainFiles& files, ParsedFiles& parsed, std::stop_token stop) {
  if (files.way == nullptr) return render_plain(tree, files, parsed);
  const RenderContext context{*files.way, files.trust.decryptor.get(), std::move(stop)};
  RendererKind kind = files.way->wishes.kind;
  std::vector<RenderInput> looked_at;
  if (kind == RendererKind::Detect) {
    auto detected = detect_renderer(tree, files.path);
    if (!detected) return std::unexpected(detected.error());
    kind = detected->kind;
    looked_at = std::move(detected->inputs);
  }
  auto rendered = kind == RendererKind::Kustomize ? render_kustomize(tree, files.path, context)
                  : kind == RendererKind::Helm    ? render_helm(tree, files.path, context)
                                                  : render_plain(tree, files, parsed);
  if (!rendered) return rendered;
  if (rendered->manifests->manifests.empty() && kind != RendererKind::Directory)
    return fail(ErrorKind::NotFound, "nothing comes out of it", files.path.empty() ? "." : files.path,
                "an empty desired state is never made by mistake: leave one object, or take the application away");
  std::vector<RenderInput>& inputs = rendered->inputs;
  inputs.insert(inputs.end(), std::make_move_iterator(looked_at.begin()), std::make_move_iterator(looked_at.end()));
  std::ranges::sort(inputs, {}, &RenderInput::path);
  const auto repeated = std::ranges::unique(inputs, {}, &RenderInput::path);
  inputs.erase(repeated.begin(), repeated.end());
  return rendered;
}

}  // namespace holdfast
