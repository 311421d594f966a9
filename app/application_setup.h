// From an Application to what the rooms want: one place, so that `run` and `diff` cannot disagree.
#pragma once

#include <string>

#include "app/options.h"
#include "engine/inventory_keeper.h"
#include "engine/prepare.h"
#include "engine/prune_guard.h"
#include "holdfast/model/application.h"
#include "sources/source.h"

namespace holdfast {

struct ApplicationSetup {
  std::string name;
  SourceOptions source;
  InventoryLocation inventory;
  PrepareOptions prepare;
  PruneLimits prune;
  bool adopt = false;
};

// What all applications of a process have in common.
struct SetupContext {
  std::string installation;
  std::string namespace_;  // the kubeconfig's, used where an application names none
  std::string cache_dir;   // empty: XDG_CACHE_HOME or ~/.cache, then /holdfast
};

// What the command line describes.
Application to_application(const ApplicationOptions& options, const std::string& namespace_);

// Reads the file of the Git password. Errors: Invalid, where a file that it names cannot be read or holds no password.
Result<ApplicationSetup> make_setup(const Application& application, const SetupContext& context);

}  // namespace holdfast
