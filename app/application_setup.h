// From the command line's words to what the rooms want: one place, so that `run` and `diff` cannot disagree.
#pragma once

#include <string>

#include "app/options.h"
#include "engine/inventory_keeper.h"
#include "engine/prepare.h"
#include "engine/prune_guard.h"
#include "sources/source.h"

namespace holdfast {

struct ApplicationSetup {
  std::string name;
  SourceOptions source;
  InventoryLocation inventory;
  PrepareOptions prepare;
  PruneLimits prune;
};

// `context_namespace`: the kubeconfig's, used where the options name none. Reads the file of the Git password. Errors:
// Invalid, where a file that the options name cannot be read or holds no password.
Result<ApplicationSetup> make_setup(const RunOptions& options, const std::string& context_namespace);

}  // namespace holdfast
