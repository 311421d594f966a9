// A plan for people: one line a change, its fields below it, and what it comes to at the end. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "engine/change_plan.h"

namespace holdfast {

struct PlanTextOptions {
  bool applications = false;  // a heading for each
  bool waves = false;         // a line where a wave begins, where there are several
  bool reach = false;         // which kinds and namespaces are concerned
  bool colors = false;        // for a terminal
  std::size_t unread = 0;     // applications that are not in the plan, for they could not be read
};

// Never shows the value of a Secret.
std::string plan_text(const ChangePlan& plan, const PlanTextOptions& options);

// That `unread` applications are not in the plan, so that nobody takes it for all there is; empty where there are none.
std::string about_unread(const ChangePlan& plan, std::size_t unread);

// What stands before an object of which that is to become.
std::string_view sign_of(ChangeVerb verb);

}  // namespace holdfast
