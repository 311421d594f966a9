// `holdfast install`: prints what a daemon in the cluster needs, for `kubectl apply -f -`. It reaches for no cluster.
#include <cstdio>

#include "app/commands.h"
#include "app/install_manifests.h"
#include "app/yaml_text.h"

namespace holdfast {

int install_command(const InstallOptions& options) {
  for (const json::object& manifest : install_manifests(options))
    std::printf("---\n%s", yaml_text(json::value(manifest)).c_str());
  return 0;
}

}  // namespace holdfast
