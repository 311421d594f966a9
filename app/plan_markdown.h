// A plan for a pull request: a table of what it comes to, and the fields of each change folded away. Bounded, as forges
// bound a comment. Pure.
#pragma once

#include <cstddef>
#include <string>

#include "engine/change_plan.h"

namespace holdfast {

inline constexpr std::size_t kLongestMarkdownBytes = 60'000;  // GitHub takes 65,536 characters

// Never shows the value of a Secret. What does not fit is counted at the end. `unread`: applications that are not in
// the plan, for they could not be read.
std::string plan_markdown(const ChangePlan& plan, std::size_t unread = 0,
                          std::size_t most_bytes = kLongestMarkdownBytes);

}  // namespace holdfast
