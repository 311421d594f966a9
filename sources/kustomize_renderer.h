// A kustomization, by the real kustomize, from exactly the files that it speaks of.
#pragma once

#include <string>

#include "holdfast/base/result.h"
#include "sources/rendering_work.h"

namespace holdfast {

// `path`: a folder with a kustomization, normal. See renderer.h.
Result<Rendering> render_kustomize(RevisionTree& tree, const std::string& path, const RenderContext& context);

// The kustomization that is laid over the one at `base`, as JSON; empty where the spec says nothing. Pure.
std::string overlay_text(const KustomizeSpec& spec, const std::string& base);

}  // namespace holdfast
