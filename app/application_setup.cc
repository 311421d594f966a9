#include "app/application_setup.h"

#include <cstdlib>

#include "engine/inventory_record.h"

namespace holdfast {
namespace {

std::string default_cache_dir() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0')
    return std::string(cache) + "/holdfast";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return std::string(home) + "/.cache/holdfast";
  return "/var/cache/holdfast";
}

}  // namespace

ApplicationSetup make_setup(const RunOptions& options, const std::string& context_namespace) {
  const ApplicationOptions& application = options.application;
  ApplicationSetup setup;
  setup.name = application_name(application);
  setup.source.repo = application.repo;
  setup.source.ref = application.ref;
  setup.source.path = application.path;
  setup.source.interval = application.interval;
  setup.source.use_files = application.files;
  setup.source.cache_folder = application.cache_dir.empty() ? default_cache_dir() : application.cache_dir;

  setup.inventory.namespace_ =
      application.inventory_namespace.empty() ? context_namespace : application.inventory_namespace;
  setup.inventory.name = inventory_name(setup.name);
  setup.inventory.installation = options.cluster.installation;

  setup.prepare.default_namespace = context_namespace;
  setup.prepare.installation = options.cluster.installation;
  setup.prepare.applyset_id = applyset_id(setup.inventory.name, setup.inventory.namespace_, "ConfigMap", "");
  setup.prepare.manager = FieldManager{"holdfast"};
  setup.prune.objects = application.prune_limit;
  setup.prune.allowed = application.allow_prune;
  return setup;
}

}  // namespace holdfast
