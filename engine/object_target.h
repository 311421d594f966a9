// Whether a rule is about an object. Pure.
#pragma once

#include <string_view>

#include "engine/prepare.h"
#include "holdfast/model/application.h"

namespace holdfast {

// "*" stands for any text, the empty one included; nothing else is special. An empty pattern matches everything.
bool matches_glob(std::string_view pattern, std::string_view text);

// Labels are those that the object has in Git, and ours.
bool is_target(const ObjectTarget& target, const Desired& desired);

}  // namespace holdfast
