#include "soak/usage.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace holdfast::soak {
namespace {

namespace fs = std::filesystem;

// The number after "Name:" in a file of /proc; the kernel's unit there is kB, which is KiB.
std::size_t number_in(const fs::path& path, const std::string& name) {
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    std::size_t number = 0;
    if (word == name && file >> number) return number;
  }
  throw std::runtime_error(path.string() + " does not say " + name);
}

std::size_t entries_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

Usage usage_of(pid_t pid) {
  const fs::path process = fs::path("/proc") / std::to_string(pid);
  const fs::path memory = process / "smaps_rollup";
  return {number_in(memory, "Rss:"), number_in(memory, "Pss:"), number_in(memory, "Anonymous:"),
          entries_in(process / "fd"), entries_in(process / "task")};
}

}  // namespace holdfast::soak
