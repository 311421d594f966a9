// From the tree of a revision to manifests: plain files, Kustomize or Helm, as the application says, or else by what is
// at its path: a kustomization file, a Chart.yaml, or plain YAML and JSON.
//
// Blocks; one thread at a time for each tree. Errors, beside those of the tree: Invalid, with the file where that is
// known and the program's own message, and no path of this machine; NotFound where a program is missing; TooLarge,
// Timeout, Cancelled. No failure is an empty rendering.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "holdfast/base/result.h"
#include "holdfast/model/application.h"
#include "sources/plain_manifests.h"
#include "sources/render_cache.h"
#include "sources/render_program.h"
#include "sources/rendering.h"
#include "sources/revision_tree.h"

namespace holdfast {

// How an application is rendered, beside which files of it.
struct RenderWishes {
  RendererKind kind = RendererKind::Detect;
  KustomizeSpec kustomize;
  HelmSpec helm;
  std::string release_name, namespace_;  // where helm says none
  bool operator==(const RenderWishes&) const = default;
};

// What all applications of a process render with. Any thread.
struct RenderTools {
  // In the cache folder: what was rendered before, and folders to render in. Empty: nothing is kept, and /tmp.
  RenderTools(RenderProgramPaths paths, const std::string& cache_folder)
      : scratch_folder((cache_folder.empty() ? "/tmp/holdfast" : cache_folder) + "/rendering"),
        programs(std::move(paths), scratch_folder),
        cache(cache_folder.empty() ? std::string() : cache_folder + "/renderings") {}

  // The same for all who ask for the same, as long as one of them holds it.
  static std::shared_ptr<RenderTools> shared(const RenderProgramPaths& paths, const std::string& cache_folder);

  std::string scratch_folder;
  RenderPrograms programs;
  RenderCache cache;
  RenderLimits limits = {};
};

// How an application is rendered. Nothing in it changes.
struct RenderWay {
  RenderWishes wishes;
  std::shared_ptr<RenderTools> tools;
  bool may_keep = true;  // on disk; not where the tree holds what was decrypted
};

// As files.way says.
Result<Rendering> render(RevisionTree& tree, const PlainFiles& files, ParsedFiles& parsed, std::stop_token stop = {});

// The files that have to be brought, as far as that is known before rendering begins; see unknown_files.
Result<std::vector<std::string>> files_to_bring(RevisionTree& tree, const PlainFiles& files, ParsedFiles& parsed);

// Which it is, with what was looked at to tell. The path is a normal one.
struct Detected {
  RendererKind kind = RendererKind::Directory;
  std::vector<RenderInput> inputs;
};
Result<Detected> detect_renderer(RevisionTree& tree, const std::string& path);

}  // namespace holdfast
