// Landlock by its system calls; Debian's C library has no functions for them. Internal to core/base/.
#pragma once

#include <string>

#include "holdfast/base/file_descriptor.h"
#include "holdfast/base/result.h"
#include "holdfast/base/sandbox.h"

namespace holdfast {

// The version of the kernel, 0 where it has none or it is switched off.
int landlock_version();

// The rules of this confinement for the program at `program`, as a descriptor for landlock_restrict.
Result<FileDescriptor> landlock_rules(const Confinement& confinement, const std::string& program);

// Of the calling thread, for good. 0, or -1 with errno. Makes one system call and touches no memory.
long landlock_restrict(int rules);

}  // namespace holdfast
