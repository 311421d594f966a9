// Why a plan has of each object what it has, for --explain. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/change_plan.h"

namespace holdfast {

// "explain: Deployment.apps shop/web: change: a dry run would change 1 field (C5.6, C6)", in the order of the plan.
std::vector<std::string> explain_plan(const ChangePlan& plan);

}  // namespace holdfast
