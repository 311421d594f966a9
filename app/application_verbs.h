// `holdfast suspend`, `resume`, `reconcile`, `tree` and `get applications`: a person's hand on Application objects, and
// a look at ApplicationSets and Overrides.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "app/options.h"

namespace holdfast {

struct ApplicationVerbOptions {
  ClusterOptions cluster;  // its namespace: where the application is; empty: looked for in all
  std::string name;        // NAME or NAMESPACE/NAME; of `get` empty: all
  OutputFormat output = OutputFormat::Table;
  bool no_wait = false;
  std::chrono::seconds timeout{120};
};

// 0: it is so; 1: not in time, or it has failed; 2: an error.
int suspend_command(const ApplicationVerbOptions& options);
int resume_command(const ApplicationVerbOptions& options);
int reconcile_command(const ApplicationVerbOptions& options);
int tree_command(const ApplicationVerbOptions& options);
// `what` is one of our own kinds.
int get_own_objects_command(const ApplicationVerbOptions& options, Listed what);
// Their names, for completion: none where the cluster does not tell within that time.
std::vector<std::string> own_object_names(Listed what, std::chrono::milliseconds within);
int version_command(const ClusterOptions& options);  // what is there, below our own version

}  // namespace holdfast
