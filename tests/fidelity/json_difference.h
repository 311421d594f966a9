// Where two JSON values differ.
#pragma once

#include <string>
#include <vector>

#include "holdfast/model/json.h"

namespace holdfast::fidelity {

struct JsonDifference {
  std::string path;             // ".body.spec.ports[0].name", ".body.items[name=web].spec"
  std::string real, simulated;  // as JSON; "(absent)" where there is nothing
};

// Elements that have names are compared by them, and their order by itself, as ".body.items(order)".
std::vector<JsonDifference> differences(const json::value& real, const json::value& simulated);

}  // namespace holdfast::fidelity
