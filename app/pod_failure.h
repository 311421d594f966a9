// What keeps a pod from running, in the words of its status: what a person would look for first. Pure.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "holdfast/model/json.h"

namespace holdfast {

struct PodFailure {
  int weight = 0;    // the heavier, the more it explains
  std::string text;  // "container web: ImagePullBackOff: Back-off pulling image …", of at most some 400 bytes
};

// Nothing where the pod runs and is ready.
std::optional<PodFailure> failure_of_pod(const json::value& pod);

// Of the pods that one of these owns, the failure that explains most, with the pod's name in front. Empty: none fails.
std::string worst_failure(const std::vector<json::value>& pods, const std::set<std::string>& owner_uids);

// Of the ReplicaSets that this one owns, the uid of the newest; empty: there is none.
std::string newest_replica_set(const std::vector<json::value>& replica_sets, std::string_view owner_uid);

// Why a workload makes no pods, as its own status says; empty: it does not.
std::string replica_failure(const json::value& workload);

// "app=web,tier in (a,b)", as a query takes it; empty: it selects by nothing.
std::string selector_text(const json::value& selector);

}  // namespace holdfast
