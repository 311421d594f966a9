// What the renderers that run a program have in common: files of a tree laid out in a folder, the program run there,
// and what it wrote kept for the same inputs. Internal to sources/.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "sources/renderer.h"
#include "sources/temporary_tree.h"
#include "sources/tree_paths.h"

namespace holdfast {

struct RenderContext {
  const RenderWay& way;
  Decryptor* decryptor;  // of objects that come out encrypted; null: no keys are named
  std::stop_token stop;
};

// Where the tree is laid out in the folder.
inline constexpr const char* kTreeFolder = "tree";

// These files with their contents and these links, below kTreeFolder. In one request where the source is remote.
Result<void> lay_out(RevisionTree& tree, const std::vector<std::string>& files, const TreePaths& paths,
                     TemporaryTree& folder);

// `made_from`: everything but the inputs that decides what comes out. `run`: makes it.
Result<std::string> render_once(const std::string& made_from, const std::vector<RenderInput>& inputs,
                                const RenderContext& context, const std::function<Result<std::string>()>& run);

}  // namespace holdfast
