// What a daemon of one namespace does not see of its cluster, and what weakens by that; docs/operations.md has it at
// length.
#pragma once

#include <string>

namespace holdfast {

// Says it in the log, at the start; nothing where the daemon sees all of the cluster.
void say_what_is_not_seen(const std::string& only_namespace);

}  // namespace holdfast
