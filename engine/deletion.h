// What keeps an object that is being deleted from going (ask 33). Pure.
#pragma once

#include <string>

#include "holdfast/model/json.h"

namespace holdfast {

// "its finalizers: a, b", or what a Namespace says of its content; empty where nothing in the body holds it up for
// long.
std::string what_holds_up(const json::value& body);

}  // namespace holdfast
