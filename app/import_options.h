// What `holdfast import` is asked for.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "app/options.h"

namespace holdfast {

enum class ImportFrom { Flux, ArgoCd, Marathon };

struct ImportOptions {
  ImportFrom from = ImportFrom::Flux;
  ClusterOptions cluster;          // its namespace: only that one; of Marathon: where it is to go
  std::vector<std::string> files;  // or folders, or "-"; empty: the cluster
  std::string destination;         // ArgoImportOptions
  bool take_over = false;
  bool dry_run = false;               // of taking over: print what is left to do
  bool one_step = false;              // do the next step, and end
  bool despite_losses = false;        // take over what would come out otherwise, too
  std::vector<std::string> names;     // of what is taken over: NAME or NAMESPACE/NAME; empty: all
  std::chrono::seconds timeout{300};  // of each wait
};

// 0: all of it has an equivalent, 1: something has none, and was said, 2: an error.
int import_command(const ImportOptions& options);

}  // namespace holdfast
