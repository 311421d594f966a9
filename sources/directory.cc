#include "sources/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "holdfast/base/digest.h"
#include "holdfast/base/file_descriptor.h"

namespace holdfast {
namespace {

constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;

struct DirCloser {
  void operator()(DIR* stream) const { ::closedir(stream); }
};
using DirStream = std::unique_ptr<DIR, DirCloser>;

std::unexpected<Error> system_failure(int error, std::string where) {
  if (error == ENOENT) return fail(ErrorKind::Busy, "changed while it was read", std::move(where));
  if (error == EACCES || error == EPERM)
    return fail(ErrorKind::Forbidden, "may not be read", std::move(where), "give us the right to read it");
  return fail(ErrorKind::Internal, fmt::format("cannot be read: {}", std::strerror(error)), std::move(where));
}

class DirectoryReader {
 public:
  DirectoryReader(ReadLimits limits, FileChoice choice, std::string subpath)
      : collector_(limits, std::move(choice), std::move(subpath)) {}

  Result<void> folder(FileDescriptor fd, const std::string& path, std::size_t depth) {
    if (auto allowed = collector_.enter(path, depth); !allowed) return allowed;
    const int handle = fd.get();
    const DirStream stream(::fdopendir(handle));
    if (!stream) return system_failure(errno, path);
    fd.release();  // the stream closes it
    std::vector<std::string> names;
    errno = 0;
    for (const dirent* entry = ::readdir(stream.get()); entry != nullptr; entry = ::readdir(stream.get()))
      names.emplace_back(entry->d_name);
    if (errno != 0) return system_failure(errno, path);
    std::ranges::sort(names);
    for (const std::string& name : names)
      if (auto done = take(handle, name, path.empty() ? name : path + "/" + name, depth); !done) return done;
    return {};
  }

  Result<void> file(const FileDescriptor& fd, const struct stat& status, const std::string& path) {
    const auto size_bytes = static_cast<std::size_t>(status.st_size);
    if (auto admitted = collector_.admit_name(path); !admitted) return admitted;
    if (auto admitted = collector_.admit_size(path, size_bytes); !admitted) return admitted;
    std::string content(size_bytes + 1, '\0');
    std::size_t size = 0;
    while (size < content.size()) {
      const ssize_t got = ::read(fd.get(), content.data() + size, content.size() - size);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return system_failure(errno, path);
      if (got == 0) break;
      size += static_cast<std::size_t>(got);
    }
    if (size != size_bytes) return system_failure(ENOENT, path);
    content.resize(size);
    collector_.add(path, std::move(content));
    return {};
  }

  Result<void> take(int parent, const std::string& name, const std::string& path, std::size_t depth) {
    if (name == "." || name == ".." || name == ".git") return {};
    struct stat status{};
    if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return system_failure(errno, path);
    const bool folder_like = S_ISDIR(status.st_mode), wanted = !folder_like && collector_.wants(path);
    if (folder_like && !collector_.recurses()) return {};
    if (name.starts_with(".")) {
      if (folder_like || wanted) collector_.note(fmt::format("{} is hidden and is left out", path));
      return {};
    }
    if (S_ISLNK(status.st_mode)) {
      if (wanted || name.find('.') == std::string::npos)
        collector_.note(fmt::format("{} is a symbolic link and is not followed", path));
      return {};
    }
    if (!folder_like && !wanted) return {};
    return open_entry(parent, name, path, depth);
  }

  // Looks again at what was opened: it may be another than what was seen.
  Result<void> open_entry(int parent, const std::string& name, const std::string& path, std::size_t depth) {
    FileDescriptor fd(::openat(parent, name.c_str(), kOpenFlags));
    if (!fd.valid()) return system_failure(errno == ELOOP ? ENOENT : errno, path);
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) return system_failure(errno, path);
    if (S_ISDIR(status.st_mode)) return folder(std::move(fd), path, depth + 1);
    if (S_ISREG(status.st_mode)) return file(fd, status, path);
    collector_.note(fmt::format("{} is no ordinary file and is left out", path));
    return {};
  }

  TreeCollector& collector() { return collector_; }

 private:
  TreeCollector collector_;
};

// Opens `subpath` one name at a time, so that no link on the way is followed.
Result<FileDescriptor> open_below(FileDescriptor at, const std::string& root, const std::string& subpath) {
  std::string_view rest = subpath;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string part(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    FileDescriptor next(::openat(at.get(), part.c_str(), kOpenFlags));
    if (!next.valid() && (errno == ENOENT || errno == ENOTDIR))
      return fail(ErrorKind::NotFound, fmt::format("path {} does not exist", subpath), root, "check --path");
    if (!next.valid() && errno == ELOOP)
      return fail(ErrorKind::Invalid, fmt::format("path {} leads through a symbolic link", subpath), root,
                  "point --path at the folder itself");
    if (!next.valid()) return system_failure(errno, root + "/" + subpath);
    at = std::move(next);
  }
  return at;
}

std::string revision_of(const std::vector<SourceFile>& files) {
  std::string bytes;
  for (const SourceFile& file : files)
    bytes += fmt::format("{}:{}{}:{}", file.path.size(), file.path, file.content.size(), to_hex(sha256(file.content)));
  return "files@sha256:" + to_hex(sha256(bytes));
}

Result<SourceTree> read_once(const std::string& root, const std::string& subpath, ReadLimits limits,
                             const FileChoice& choice) {
  FileDescriptor top(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!top.valid() && (errno == ENOENT || errno == ENOTDIR))
    return fail(ErrorKind::NotFound, "there is no such directory", root, "check --repo");
  if (!top.valid()) return system_failure(errno, root);
  auto start = open_below(std::move(top), root, subpath);
  if (!start) return std::unexpected(start.error());
  struct stat status{};
  if (::fstat(start->get(), &status) != 0) return system_failure(errno, root);
  DirectoryReader reader(limits, choice, subpath);
  auto done =
      S_ISDIR(status.st_mode) ? reader.folder(std::move(*start), subpath, 0) : reader.file(*start, status, subpath);
  if (!done) return std::unexpected(done.error());
  auto tree = reader.collector().finish("files");
  if (tree) tree->files.revision = revision_of(tree->files.files);
  return tree;
}

}  // namespace

Result<SourceTree> read_directory(const std::string& root, const std::string& subpath, ReadLimits limits,
                                  const FileChoice& choice) {
  auto normal = normal_subpath(subpath);
  if (!normal) return std::unexpected(normal.error());
  auto tree = read_once(root, *normal, limits, choice);
  for (int attempt = 1; attempt < 3 && !tree && tree.error().kind == ErrorKind::Busy; ++attempt)
    tree = read_once(root, *normal, limits, choice);
  return tree;
}

}  // namespace holdfast
