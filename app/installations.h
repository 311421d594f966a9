// How several installations in one cluster (--installation) leave alone what is another one's.
#pragma once

#include <string>
#include <string_view>

#include "holdfast/model/object.h"

namespace holdfast {

// By its label holdfast.dev/installation. Without one it is nobody's in particular: false.
bool is_for_another(const LiveObject& live, const std::string& installation);

// The field manager under which an installation says what others of its kind say as well: one of its own, so that none
// takes back what another one says. The first installation's is the plain name.
std::string manager_of(std::string_view name, const std::string& installation);

}  // namespace holdfast
