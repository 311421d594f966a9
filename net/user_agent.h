// How we introduce ourselves (correctness B7).
#pragma once

#include <string>
#include <string_view>

namespace holdfast {

// "holdfast/0.1.0 (linux/amd64)", operating system and architecture in Go's words, as every client of Kubernetes has
// them.
std::string user_agent(std::string_view name, std::string_view version);

}  // namespace holdfast
