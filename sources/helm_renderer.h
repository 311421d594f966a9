// A chart, by the real helm, from the folder that it is and the value files that are named.
#pragma once

#include <string>

#include "holdfast/base/result.h"
#include "sources/rendering_work.h"

namespace holdfast {

// `path`: a folder with a Chart.yaml, normal. Objects that are for `helm test` alone are left out. See renderer.h.
Result<Rendering> render_helm(RevisionTree& tree, const std::string& path, const RenderContext& context);

}  // namespace holdfast
