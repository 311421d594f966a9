// One source of an Argo CD Application, field by field. Pure.
#pragma once

#include <string>

#include "app/imported.h"

namespace holdfast {

struct ArgoSourceContext {
  std::string name;         // of the Application there
  std::string source_type;  // of its status: "Helm", "Kustomize", "Directory"; empty: not known
};

void take_argo_source(ForeignFields& from, const ArgoSourceContext& context, ImportedDocument& document);

// What `targetRevision` means, as our `ref`: a commit, a range, a tag or a branch; empty for HEAD. Whether a name is a
// tag or a branch only the repository knows: what looks like a version is taken for a tag, and `guessed` is set.
json::object argo_ref(std::string_view revision, bool of_chart, bool& guessed);

}  // namespace holdfast
