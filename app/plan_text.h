// A plan for people: one line a change, its fields below it, and what it comes to at the end. Pure.
#pragma once

#include <string>
#include <string_view>

#include "engine/change_plan.h"

namespace holdfast {

struct PlanTextOptions {
  bool applications = false;  // a heading for each
  bool waves = false;         // a line where a wave begins, where there are several
  bool reach = false;         // which kinds and namespaces are concerned
  bool colors = false;        // for a terminal
};

// Never shows the value of a Secret.
std::string plan_text(const ChangePlan& plan, const PlanTextOptions& options);

// What stands before an object of which that is to become.
std::string_view sign_of(ChangeVerb verb);

}  // namespace holdfast
