// Keeps a program that works on what somebody else wrote away from everything but that. It may read its folder and what
// is named, and run itself: nothing may be written, no socket made, no other process started or signalled.
//
// What keeps it so is in layers, of which a kernel or a container may lack some: namespaces of its own (user, mount,
// network, PID, IPC, host name), Landlock, and a filter of system calls. Each of the three alone refuses what is named
// above, as far as it can: without the filter it may start programs from the folders it reads, without the other two it
// may read what our user may. Where neither namespaces nor the filter can be had, it could reach the network, and is
// not run.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace holdfast {

// What the kernel, and whatever contains us, let us do.
struct SandboxLayers {
  bool namespaces = false;
  int landlock = 0;  // its version; 0: there is none
  bool filter = false;
  std::string missing = {};  // why which of them are not there, for people; empty: all are
  bool operator==(const SandboxLayers&) const = default;
};

// Found out by trying, once in the life of a process. Any thread.
const SandboxLayers& sandbox_layers();

// "namespaces, Landlock 7 and a filter of system calls", or what of it is there.
std::string describe(const SandboxLayers& layers);

struct Confinement {
  std::string folder = {};                          // the program is started here, and may read all below
  std::vector<std::string> readable = {};           // further files and folders; what is not there is passed over
  std::vector<std::string> loadable = {};           // the same, and what is in them may be run and loaded
  std::size_t memory_bytes = std::size_t{1} << 30;  // of its own data (RLIMIT_DATA: what Go reserves does not count)
  std::size_t open_files = 512;
  SandboxLayers layers = sandbox_layers();
};

}  // namespace holdfast
