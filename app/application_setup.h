// From an Application to what the rooms want: one place, so that `run` and `diff` cannot disagree.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/options.h"
#include "app/roll_out_record.h"
#include "engine/drift_policy.h"
#include "engine/inventory_keeper.h"
#include "engine/prepare.h"
#include "engine/prune_guard.h"
#include "engine/yielding.h"
#include "holdfast/model/application.h"
#include "holdfast/model/service_account.h"
#include "holdfast/ports/cluster_values.h"
#include "sources/render_program.h"
#include "sources/source.h"

namespace holdfast {

struct ApplicationSetup {
  std::string name;
  std::string repository;  // repository_of() the application
  SourceOptions source;
  InventoryLocation inventory;
  PrepareOptions prepare;
  PruneLimits prune;
  bool adopt = false;
  bool wait_for_health = true;
  std::chrono::seconds wave_patience{300};
  RevisionPolicy revisions = RevisionPolicy::Apply;
  FailurePolicy on_failure = FailurePolicy::Wait;
  bool told_by_status = false;                   // the status of an object keeps what follows; else the inventory does
  RollOutRecord roll_outs = {};                  // of an earlier process
  std::optional<WaitingPlan> waiting_plan = {};  // as it was told last
  DriftPolicies policies;
  YieldRules yield_rules;
  std::set<std::string> depends_on;       // names, in the namespace of the inventory
  bool ends = false;                      // all that it holds is to go
  std::optional<ServiceAccount> acts_as;  // for its objects, and for what its source is made with
};

// What all applications of a process have in common.
struct SetupContext {
  std::string installation;
  std::string namespace_;  // the kubeconfig's, used where an application names none
  std::string cache_dir;   // empty: XDG_CACHE_HOME or ~/.cache, then /holdfast
  bool explain = false;    // say why each decision was taken
  ClusterValues* values =
      nullptr;           // where ConfigMaps and Secrets that applications name are read; outlives their sources
  bool tenancy = false;  // no application is held that acts as no account
  std::string only_namespace = {};  // all that the daemon sees of the cluster; empty: all of it
  // These values, as an account may read them; not set: as we are.
  std::function<ClusterValues*(const ServiceAccount&)> values_as = {};
  RenderProgramPaths programs = {};  // where kustomize and helm are; empty: looked for
};

// Where what is fetched is kept.
std::string cache_folder_of(const SetupContext& context);

RenderProgramPaths programs_of(const ApplicationOptions& options);

// What the command line describes.
Application to_application(const ApplicationOptions& options, const std::string& namespace_);

// What of a source is read instead: a branch, tag or commit, whatever has that name; of an artifact a tag or digest.
void set_ref(SourceSpec& source, const std::string& ref);

// The same application, once its objects are to go; to be held with a source that wants nothing.
ApplicationSetup ending(ApplicationSetup setup);

// The same for applications whose objects one commit may move from one to the other, as HeldApplication::repository().
std::string repository_of(const Application& application);

// Reads the file of the Git password. Errors: Invalid, where a file that it names cannot be read or holds no password.
Result<ApplicationSetup> make_setup(const Application& application, const SetupContext& context);

}  // namespace holdfast
