// Which files a kustomization speaks of. Of what it means nothing is known here: that is kustomize's own affair. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "sources/yaml_place.h"

namespace holdfast {

inline constexpr const char* kKustomizationNames[] = {"kustomization.yaml", "kustomization.yml", "Kustomization"};

struct KustomizationReference {
  std::string path = {};   // as written, relative to the kustomization's folder
  std::string where = {};  // "apps/web/kustomization.yaml:7"
  std::string field = {};  // "resources[2]"
  bool folder = false;     // may be a folder with a kustomization of its own
  bool certain = true;     // otherwise it may be something else than a path, and nothing is wrong where it is not there
  bool plugin = false;     // the file is the configuration of a plugin, which may speak of files itself
};

// Errors: Invalid for what is no YAML, and for what is refused: charts, and addresses of other repositories.
Result<std::vector<KustomizationReference>> read_kustomization(std::string_view text, const std::string& path);
// Of a plugin's configuration: those that look like paths, none of them certain.
Result<std::vector<KustomizationReference>> read_plugin_configuration(std::string_view text, const std::string& path);

// Whether kustomize would take it for an address to fetch from, and not for a path.
bool is_remote_reference(std::string_view path);

}  // namespace holdfast
