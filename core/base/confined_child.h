// Starts a confined program. Internal to core/base/; everybody else says ProcessSpec::confinement.
#pragma once

#include <sys/types.h>

#include "holdfast/base/process.h"

namespace holdfast {

// As run_program starts others, with in, out and err as its standard streams. Every layer that the confinement names is
// in force before the program begins, or it does not begin (Internal). NotFound where there is no such program.
Result<pid_t> spawn_confined(const ProcessSpec& spec, int in, int out, int err);

// Whether a child that does nothing else gets through all of the confinement, without a program at its end.
Result<void> try_confinement(const Confinement& confinement);

}  // namespace holdfast
