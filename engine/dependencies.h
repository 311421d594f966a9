// What the objects of one set wait for besides their waves: whether it can come at all. What could not would be waited
// for for ever, so it is told before anything is applied. Pure.
#pragma once

#include <functional>
#include <map>

#include "engine/prepare.h"

namespace holdfast {

// Objects that cannot be applied as they are: what they depend on is not in the set, comes in a later wave, or depends
// on them in turn. `may_come` tells whether an object outside of the set is known to be in the source all the same, and
// is waited for then. Linear but for dependencies that form several rings through one object.
std::map<ObjectKey, Error> refuse_dependencies(const std::map<ObjectKey, Desired>& set,
                                               const std::function<bool(const ObjectKey&)>& may_come);

}  // namespace holdfast
