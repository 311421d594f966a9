// The reading of app/config_follower.h: names and bytes, no meaning.
#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "app/config_follower.h"
#include "holdfast/base/file_descriptor.h"
#include "sources/source_tree.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileLimit = 1'000;
constexpr std::size_t kTotalLimitBytes = std::size_t{64} << 20;

std::unexpected<Error> system_failure(int error, const std::string& path) {
  if (error == ENOENT || error == ENOTDIR)
    return fail(ErrorKind::NotFound, "there is no such file or folder", path, "check --config");
  const ErrorKind kind = error == EACCES || error == EPERM ? ErrorKind::Forbidden : ErrorKind::Internal;
  return fail(kind, fmt::format("cannot be read: {}", std::strerror(error)), path);
}

// Up to `most_bytes`; one more, and it is too large.
Result<SourceFile> read_file(const std::string& path, std::size_t most_bytes) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.valid()) return system_failure(errno, path);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return system_failure(errno, path);
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::Invalid, "is no ordinary file", path, "check --config");
  SourceFile file{path, {}};
  std::string piece(std::size_t{64} << 10, '\0');
  while (true) {
    const ssize_t got = ::read(fd.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(errno, path);
    if (got == 0) return file;
    file.content.append(piece, 0, static_cast<std::size_t>(got));
    if (file.content.size() > most_bytes)
      return fail(ErrorKind::TooLarge, fmt::format("more than {} MiB of configuration", kTotalLimitBytes >> 20), path);
  }
}

Result<std::vector<std::string>> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    std::string name = at->path().filename().string();
    if (name.starts_with('.') || !may_hold_manifests(name)) continue;
    std::error_code unknown;
    if (fs::is_directory(at->path(), unknown)) continue;
    names.push_back(std::move(name));
    if (names.size() > kFileLimit) return fail(ErrorKind::TooLarge, "holds more than 1,000 files", folder);
  }
  if (failed) return system_failure(failed.value(), folder);
  if (names.empty())
    return fail(ErrorKind::NotFound, "holds no *.yaml, *.yml or *.json", folder, "put an Application there");
  std::ranges::sort(names);
  return names;
}

}  // namespace

Result<std::vector<SourceFile>> read_config_files(const std::string& path, bool is_folder) {
  std::vector<std::string> paths{path};
  if (is_folder) {
    const auto names = names_in(path);
    if (!names) return std::unexpected(names.error());
    paths.clear();
    for (const std::string& name : *names) paths.push_back((fs::path(path) / name).string());
  }
  std::vector<SourceFile> files;
  std::size_t left_bytes = kTotalLimitBytes;
  for (const std::string& each : paths) {
    auto file = read_file(each, left_bytes);
    if (!file) return std::unexpected(std::move(file.error()));
    left_bytes -= file->content.size();
    files.push_back(std::move(*file));
  }
  return files;
}

}  // namespace holdfast
