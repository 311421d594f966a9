// Whether the answer to an apply shows what another apply of the same would leave (correctness C7; V21). Pure.
#pragma once

#include "engine/prepare.h"
#include "holdfast/model/json.h"

namespace holdfast {

inline constexpr int kMostAppliesToSettle = 3;

// False where the next apply may change something, in a custom resource: an empty container or null that is desired is
// not there (the server has emptied it by taking it away, and would put it back), or has something in it of which field
// sets keep no trace (then the server may take it away, unless somebody owns what is in it). The apply is to be sent
// once more before anything is learned from it; one that wrote nothing has settled whatever is said here.
// (Built-in types drop what is empty, and stay as they are.)
bool has_settled(const Desired& desired, const json::value& answered);

}  // namespace holdfast
