#include "holdfast/base/memory_file.h"

#include <spdlog/fmt/fmt.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace holdfast {

MemoryFile::MemoryFile(FileDescriptor file)
    : file_(std::move(file)), path_(fmt::format("/proc/{}/fd/{}", ::getpid(), file_.get())) {}

Result<std::shared_ptr<const MemoryFile>> MemoryFile::make(std::string_view bytes) {
  const auto failed = [](const char* what) {
    return fail(ErrorKind::Internal, fmt::format("cannot {} a file in memory: {}", what, std::strerror(errno)));
  };
  FileDescriptor file(::memfd_create("holdfast", MFD_CLOEXEC));
  if (!file.valid()) return failed("make");
  if (::fchmod(file.get(), S_IRUSR) != 0) return failed("guard");  // ssh takes no key that others may read
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed("write");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return std::shared_ptr<const MemoryFile>(new MemoryFile(std::move(file)));
}

}  // namespace holdfast
