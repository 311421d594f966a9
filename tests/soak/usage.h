// What a process holds at a moment, as the kernel counts it.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace holdfast::soak {

struct Usage {
  std::size_t rss_kib = 0, pss_kib = 0;  // PSS counts a page that is shared among n processes as 1/n
  std::size_t own_kib = 0;               // heap and stacks: what no other process coming or going can change
  std::size_t descriptors = 0, threads = 0;
};

// Throws where the process has ended.
Usage usage_of(pid_t pid);

}  // namespace holdfast::soak
