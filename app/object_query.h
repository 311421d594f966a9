// An object as people name it on a command line: deploy/web, Deployment.apps/web, deployments web. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/api_resource.h"

namespace holdfast {

struct ObjectQuery {
  std::string kind, name;
  std::string field;  // may be empty
};

// KIND/NAME [FIELD] or KIND NAME [FIELD]. Invalid where it is neither.
Result<ObjectQuery> parse_object_query(const std::vector<std::string>& words);

// The types of that name, each in its preferred version: a kind or a plural in any case, with or without a group, or
// one of the customary short names. Types that Kubernetes brings itself come before others of the same name. Empty:
// none is served.
std::vector<const ApiResource*> find_types(const ApiCatalog& catalog, std::string_view kind);

}  // namespace holdfast
