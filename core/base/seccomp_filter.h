// The filter of system calls of a confined program. Internal to core/base/.
#pragma once

#include <linux/filter.h>

#include <cstddef>
#include <vector>

namespace holdfast {

struct SeccompFilter {
  std::vector<sock_filter> code;
  std::vector<std::size_t> own_pid;  // the instructions that compare with the pid of the process, to be filled in
};

// Refused (EACCES): to open for writing or to change files, sockets, processes (threads may be started), signals to
// others, and what serves administration. Unknown (ENOSYS): clone3, for which libraries have another way, and whatever
// is newer than this list. Another architecture's calls kill.
SeccompFilter make_seccomp_filter();

}  // namespace holdfast
