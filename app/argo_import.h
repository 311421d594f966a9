// `holdfast import argocd`: Argo CD's Applications and AppProjects into ours. Pure.
//
// Those that go to another cluster are printed as comments: applied here, they would go to the wrong one.
#pragma once

#include <string>
#include <vector>

#include "app/imported.h"

namespace holdfast {

struct ArgoImportOptions {
  // What Argo CD calls the cluster that the daemon runs for: a destination's server or name. Empty: the one that Argo
  // CD itself is in.
  std::string destination;
};

Imported import_argo(const std::vector<json::value>& objects, const ArgoImportOptions& options);

}  // namespace holdfast
