// Whether an object that has to be deleted and made anew could be made at all: it is tried out under a name that nobody
// has, as a dry run (correctness D8). Pure.
#pragma once

#include "engine/prepare.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

// The same object under that name, sealed. `uid` is that of the live one.
Desired replacement_trial(Desired desired, const Uid& uid);

}  // namespace holdfast
