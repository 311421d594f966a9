// `holdfast install`: prints what a daemon in the cluster needs, for `kubectl apply -f -`. It reaches for no cluster.
#include <cstdio>

#include "app/commands.h"
#include "app/install_manifests.h"
#include "app/install_tenants.h"
#include "app/yaml_text.h"

namespace holdfast {

int install_command(const InstallOptions& options) {
  if (const auto tenants = parse_tenants(options.tenants); !tenants) {
    std::fprintf(stderr, "holdfast: %s\n", describe(tenants.error()).c_str());
    return 2;
  }
  if (!options.only_namespace.empty() && !options.definitions_only)
    std::fprintf(stderr,
                 "# The definitions are the whole cluster's, and not among these: whoever may make them says\n"
                 "#   holdfast install --definitions-only --namespace-only %s | kubectl apply -f -\n",
                 options.only_namespace.c_str());
  for (const json::object& manifest : install_manifests(options))
    std::printf("---\n%s", yaml_text(json::value(manifest)).c_str());
  return 0;
}

}  // namespace holdfast
