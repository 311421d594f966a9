// A plan in a file, between `plan --save` and `apply --plan`: what was planned, with what options, and of which state
// of Git, of the inventories and of each object (docs/plan.md). No value of a Secret is in it; the file is for its
// owner alone all the same.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "app/options.h"
#include "app/plan_maker.h"
#include "engine/change_plan.h"
#include "holdfast/base/result.h"
#include "holdfast/model/json.h"

namespace holdfast {

struct RecordedInventory {
  Uid uid;  // empty: there was none
  ResourceVersion version;
  bool operator==(const RecordedInventory&) const = default;
};

struct SavedPlan {
  RunOptions options;   // with absolute paths
  std::string cluster;  // the uid of its namespace kube-system; empty: it could not be read
  std::vector<ApplicationPlan> applications;
  std::map<ApplicationName, RecordedInventory> inventories;
};

// `options`: those of the command line. `namespace_`: where objects go that name none.
json::object saved_plan(const MadePlan& made, const RunOptions& options, const std::string& namespace_,
                        const std::string& cluster);
// Whole or not at all; nobody else may read it. Errors: Invalid.
Result<void> write_plan(const std::string& file, const json::object& plan);
// At most 256 MiB. Errors: NotFound, TooLarge, Invalid.
Result<SavedPlan> read_plan(const std::string& file);

// What is another state than that of the plan, each with a name and what it was; nothing: the plan holds. An object
// whose status alone has changed is the same still.
std::vector<std::string> changes_since(const SavedPlan& saved, const MadePlan& now, const std::string& cluster);

}  // namespace holdfast
