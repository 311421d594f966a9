#include "sources/directory_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <spdlog/fmt/fmt.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "holdfast/base/digest.h"
#include "holdfast/base/file_descriptor.h"
#include "sources/source_tree.h"
#include "sources/utf8.h"

namespace holdfast {
namespace {

constexpr int kOpenFlags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
constexpr std::size_t kFileLimit_bytes = std::size_t{16} << 20;
constexpr std::size_t kNodeLimit = 200'000, kDepthLimit = 64;

struct DirCloser {
  void operator()(DIR* stream) const { ::closedir(stream); }
};
using DirStream = std::unique_ptr<DIR, DirCloser>;

std::unexpected<Error> changed_meanwhile(std::string where) {
  return fail(ErrorKind::Busy, "changed while it was read", std::move(where), "it is read again");
}

std::unexpected<Error> system_failure(int error, std::string where) {
  if (error == ENOENT || error == ENOTDIR || error == ELOOP) return changed_meanwhile(std::move(where));
  if (error == EACCES || error == EPERM)
    return fail(ErrorKind::Forbidden, "may not be read", std::move(where), "give us the right to read it");
  return fail(ErrorKind::Internal, fmt::format("cannot be read: {}", std::strerror(error)), std::move(where));
}

// By which the kernel tells that something was changed.
struct Signature {
  std::array<std::int64_t, 7> parts{};
  bool operator==(const Signature&) const = default;

  explicit Signature(const struct stat& status)
      : parts{static_cast<std::int64_t>(status.st_dev),
              static_cast<std::int64_t>(status.st_ino),
              status.st_size,
              status.st_mtim.tv_sec,
              status.st_mtim.tv_nsec,
              status.st_ctim.tv_sec,
              status.st_ctim.tv_nsec} {}
  [[nodiscard]] std::string text() const { return fmt::format("{}", fmt::join(parts, ".")); }
};

struct Node {
  TreeEntry::Kind kind;
  Signature signature;
  std::string id = {};                                       // empty: not looked at yet
  std::optional<std::map<std::string, Node>> children = {};  // of a folder that was looked into
};

Result<std::string> read_all(int fd, std::size_t size_bytes, const std::string& path) {
  std::string content(size_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < content.size()) {
    const ssize_t got = ::read(fd, content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_failure(errno, path);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size != size_bytes) return changed_meanwhile(path);
  content.resize(size);
  return content;
}

std::string below(const std::string& path, const std::string& name) { return path.empty() ? name : path + "/" + name; }

class FolderTree final : public DirectoryTree {
 public:
  FolderTree(FileDescriptor root, const struct stat& status)
      : root_fd_(std::move(root)), root_{TreeEntry::Kind::Folder, Signature(status)} {}

  [[nodiscard]] const std::string& revision() const override { return revision_; }
  [[nodiscard]] std::int64_t committed_s() const override { return 0; }

  Result<TreeEntry> entry(const std::string& path) override {
    auto node = node_at(path);
    if (!node) return std::unexpected(node.error());
    return entry_of(**node, path);
  }

  Result<std::vector<TreeEntry>> list(const std::string& path) override {
    auto node = node_at(path);
    if (!node) return std::unexpected(node.error());
    if ((*node)->kind != TreeEntry::Kind::Folder) return fail(ErrorKind::Invalid, "is no folder", path);
    if (auto looked = look_into(**node, path); !looked) return std::unexpected(looked.error());
    std::vector<TreeEntry> entries;
    entries.reserve((*node)->children->size());
    for (auto& [name, child] : *(*node)->children) {
      auto entry = entry_of(child, below(path, name));
      if (!entry) return std::unexpected(entry.error());
      entries.push_back(std::move(*entry));
    }
    return entries;
  }

  Result<void> bring(const std::vector<std::string>& paths) override {
    for (const std::string& path : paths)
      if (auto there = node_at(path); !there) return std::unexpected(there.error());
    return {};
  }

  Result<std::string> read(const std::string& path) override {
    const auto here = entry(path);
    if (!here) return std::unexpected(here.error());
    if (here->kind != TreeEntry::Kind::File) return fail(ErrorKind::Invalid, "is no file", path);
    auto content = content_of(path, **node_at(path));
    if (content && to_hex(sha256(*content)) != here->id) return changed_meanwhile(path);
    return content;
  }

  Result<std::string> read_link(const std::string& path) override {
    const auto here = entry(path);
    if (!here) return std::unexpected(here.error());
    if (here->kind != TreeEntry::Kind::Link) return fail(ErrorKind::Invalid, "is no link", path);
    return target_of(path, **node_at(path));
  }

  Result<void> unchanged() override { return unchanged(root_, ""); }

 private:
  Result<FileDescriptor> open(const std::string& path) const {
    FileDescriptor at(::openat(root_fd_.get(), ".", kOpenFlags));
    std::string_view rest = path;
    while (at.valid() && !rest.empty()) {
      const std::size_t end = std::min(rest.find('/'), rest.size());
      const std::string part(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      at = FileDescriptor(::openat(at.get(), part.c_str(), kOpenFlags));
    }
    if (!at.valid()) return system_failure(errno, path);
    return at;
  }

  Result<Node*> node_at(const std::string& path) {
    Node* node = &root_;
    std::string_view rest = path;
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('/'), rest.size());
      const std::string name(rest.substr(0, end));
      const std::string folder = path.substr(0, path.size() - rest.size());
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (node->kind == TreeEntry::Kind::Folder)
        if (auto looked = look_into(*node, folder.substr(0, folder.empty() ? 0 : folder.size() - 1)); !looked)
          return std::unexpected(looked.error());
      const auto child = node->children ? node->children->find(name) : decltype(node->children->end()){};
      if (!node->children || child == node->children->end())
        return fail(ErrorKind::NotFound, fmt::format("path {} does not exist", path), {}, "check --path");
      node = &child->second;
    }
    return node;
  }

  Result<void> look_into(Node& node, const std::string& path) {
    if (node.children) return {};
    if (std::ranges::count(path, '/') >= static_cast<std::ptrdiff_t>(kDepthLimit))
      return fail(ErrorKind::TooLarge, fmt::format("folders nest deeper than {}", kDepthLimit), path);
    auto fd = open(path);
    if (!fd) return std::unexpected(fd.error());
    const int handle = fd->get();
    const DirStream stream(::fdopendir(handle));
    if (!stream) return system_failure(errno, path);
    fd->release();  // the stream closes it
    std::map<std::string, Node> children;
    errno = 0;
    for (const dirent* entry = ::readdir(stream.get()); entry != nullptr; entry = ::readdir(stream.get())) {
      if (auto taken = take(children, handle, entry->d_name, path); !taken) return taken;
      errno = 0;
    }
    if (errno != 0) return system_failure(errno, path);
    struct stat status{};
    if (::fstat(handle, &status) != 0) return system_failure(errno, path);
    if (Signature(status) != node.signature) return changed_meanwhile(path);
    node.children = std::move(children);
    return {};
  }

  Result<void> take(std::map<std::string, Node>& children, int parent, const std::string& name,
                    const std::string& folder) {
    if (name == "." || name == ".." || name == ".git") return {};
    struct stat status{};
    if (::fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0)
      return system_failure(errno, below(folder, name));
    const bool folder_like = S_ISDIR(status.st_mode);
    if (!folder_like && !S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode)) return {};
    if (!is_utf8(name)) {
      if (folder_like || may_hold_manifests(name))
        return fail(ErrorKind::Invalid, "the name of a file is not UTF-8", folder, "rename it");
      return {};
    }
    if (++nodes_ > kNodeLimit)
      return fail(ErrorKind::TooLarge, fmt::format("more than {} files", kNodeLimit), folder, "narrow --path");
    const auto kind = folder_like               ? TreeEntry::Kind::Folder
                      : S_ISLNK(status.st_mode) ? TreeEntry::Kind::Link
                                                : TreeEntry::Kind::File;
    children.emplace(name, Node{kind, Signature(status)});
    return {};
  }

  Result<TreeEntry> entry_of(Node& node, const std::string& path) {
    if (node.id.empty()) {
      auto id = id_of(node, path);
      // What we may not read matters only to whoever wants to.
      if (!id && id.error().kind == ErrorKind::Forbidden) id = "unreadable:" + node.signature.text();
      if (!id) return std::unexpected(id.error());
      node.id = std::move(*id);
    }
    return TreeEntry{node.kind, path.substr(path.rfind('/') + 1), node.id};
  }

  Result<std::string> id_of(Node& node, const std::string& path) {
    switch (node.kind) {
      case TreeEntry::Kind::File: {
        // Nobody can read it here: that it is the same one says enough.
        if (static_cast<std::size_t>(node.signature.parts[2]) > kFileLimit_bytes)
          return "large:" + node.signature.text();
        const auto content = content_of(path, node);
        if (!content) return std::unexpected(content.error());
        return to_hex(sha256(*content));
      }
      case TreeEntry::Kind::Link: {
        const auto target = target_of(path, node);
        if (!target) return std::unexpected(target.error());
        return "link:" + to_hex(sha256(*target));
      }
      case TreeEntry::Kind::Folder:
      case TreeEntry::Kind::Submodule:
        break;
    }
    const auto entries = list(path);
    if (!entries) return std::unexpected(entries.error());
    std::string text;
    for (const TreeEntry& entry : *entries)
      text += fmt::format("{} {}:{}{}\n", static_cast<int>(entry.kind), entry.name.size(), entry.name, entry.id);
    return "folder:" + to_hex(sha256(text));
  }

  Result<std::string> content_of(const std::string& path, const Node& node) const {
    auto fd = open(path);
    if (!fd) return std::unexpected(fd.error());
    struct stat status{};
    if (::fstat(fd->get(), &status) != 0) return system_failure(errno, path);
    if (!S_ISREG(status.st_mode) || Signature(status) != node.signature) return changed_meanwhile(path);
    const auto size_bytes = static_cast<std::size_t>(status.st_size);
    if (size_bytes > kFileLimit_bytes)
      return fail(ErrorKind::TooLarge, fmt::format("larger than {} bytes", kFileLimit_bytes), path);
    return read_all(fd->get(), size_bytes, path);
  }

  Result<std::string> target_of(const std::string& path, const Node& node) const {
    const std::size_t slash = path.rfind('/');
    auto folder = open(slash == std::string::npos ? "" : path.substr(0, slash));
    if (!folder) return std::unexpected(folder.error());
    std::string target(4096, '\0');
    const ssize_t size =
        ::readlinkat(folder->get(), path.c_str() + (slash == std::string::npos ? 0 : slash + 1), target.data(), 4096);
    if (size < 0) return errno == EINVAL ? changed_meanwhile(path) : system_failure(errno, path);
    if (size != node.signature.parts[2]) return changed_meanwhile(path);
    target.resize(static_cast<std::size_t>(size));
    return target;
  }

  Result<void> unchanged(const Node& node, const std::string& path) const {
    if (node.id.empty() && !node.children) return {};  // nobody looked at it
    auto same = is_the_same(node, path);
    if (!same) return std::unexpected(same.error());
    if (!*same) return changed_meanwhile(path);
    if (!node.children) return {};
    for (const auto& [name, child] : *node.children)
      if (auto done = unchanged(child, below(path, name)); !done) return done;
    return {};
  }

  Result<bool> is_the_same(const Node& node, const std::string& path) const {
    struct stat status{};
    const int got = path.empty() ? ::fstat(root_fd_.get(), &status)
                                 : ::fstatat(root_fd_.get(), path.c_str(), &status, AT_SYMLINK_NOFOLLOW);
    if (got != 0) return system_failure(errno, path);
    return Signature(status) == node.signature;
  }

  const std::string revision_ = "files";
  FileDescriptor root_fd_;
  Node root_;
  std::size_t nodes_ = 0;
};

}  // namespace

Result<std::unique_ptr<DirectoryTree>> open_directory_tree(const std::string& root) {
  FileDescriptor top(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!top.valid() && (errno == ENOENT || errno == ENOTDIR))
    return fail(ErrorKind::NotFound, "there is no such directory", root, "check --repo");
  if (!top.valid()) return system_failure(errno, root);
  struct stat status{};
  if (::fstat(top.get(), &status) != 0) return system_failure(errno, root);
  return std::make_unique<FolderTree>(std::move(top), status);
}

}  // namespace holdfast
