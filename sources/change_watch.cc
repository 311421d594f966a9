#include "sources/change_watch.h"

#include <spdlog/fmt/fmt.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

namespace holdfast {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

constexpr unsigned kMask = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF |
                           IN_MOVE_SELF | IN_ATTRIB | IN_ONLYDIR | IN_EXCL_UNLINK;
constexpr std::size_t kFolderLimit = 50'000;
constexpr std::chrono::milliseconds kQuiet{20};
constexpr int kQuietRounds = 12;

std::string first_line(const fs::path& file) {
  std::string line;
  std::ifstream in(file);
  std::getline(in, line);
  if (line.ends_with('\r')) line.pop_back();
  return line;
}

// A worktree keeps HEAD of its own; refs and packed-refs belong to the main repository.
fs::path common_dir_of(const fs::path& git_dir) {
  const std::string line = first_line(git_dir / "commondir");
  return line.empty() ? git_dir : (git_dir / line).lexically_normal();
}

}  // namespace

ChangeWatch::ChangeWatch(asio::any_io_executor executor, int fd, bool debounced)
    : events_(executor, fd), debounced_(debounced) {}

Result<std::unique_ptr<ChangeWatch>> ChangeWatch::on_directory(asio::any_io_executor executor,
                                                               const std::string& folder) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return fail(ErrorKind::Internal, fmt::format("cannot watch files: {}", std::strerror(errno)), folder);
  std::unique_ptr<ChangeWatch> watch(new ChangeWatch(std::move(executor), fd, true));
  if (auto added = watch->add_recursively(folder, Role::Tree, true); !added) return std::unexpected(added.error());
  return watch;
}

Result<std::unique_ptr<ChangeWatch>> ChangeWatch::on_folder(asio::any_io_executor executor, const std::string& folder) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return fail(ErrorKind::Internal, fmt::format("cannot watch files: {}", std::strerror(errno)), folder);
  std::unique_ptr<ChangeWatch> watch(new ChangeWatch(std::move(executor), fd, true));
  if (auto added = watch->add(folder, Role::Flat, true); !added) return std::unexpected(added.error());
  return watch;
}

Result<std::unique_ptr<ChangeWatch>> ChangeWatch::on_git_refs(asio::any_io_executor executor,
                                                              const std::string& git_dir) {
  const int fd = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (fd < 0) return fail(ErrorKind::Internal, fmt::format("cannot watch files: {}", std::strerror(errno)), git_dir);
  std::unique_ptr<ChangeWatch> watch(new ChangeWatch(std::move(executor), fd, false));
  const fs::path common = common_dir_of(git_dir);
  if (auto added = watch->add(git_dir, Role::GitDir, true); !added) return std::unexpected(added.error());
  if (common != fs::path(git_dir))
    if (auto added = watch->add(common.string(), Role::GitDir, true); !added) return std::unexpected(added.error());
  if (auto added = watch->add_recursively((common / "refs").string(), Role::RefTree, true); !added)
    return std::unexpected(added.error());
  return watch;
}

Result<void> ChangeWatch::add(const std::string& folder, Role role, bool root) {
  if (folders_.size() >= kFolderLimit)
    return fail(ErrorKind::TooLarge, fmt::format("more than {} folders to watch", kFolderLimit), folder,
                "narrow --path");
  const unsigned mask = root ? kMask : kMask | IN_DONT_FOLLOW;
  const int watch = ::inotify_add_watch(events_.native_handle(), folder.c_str(), mask);
  if (watch >= 0) {
    const bool was_root = folders_.contains(watch) && folders_[watch].root;
    folders_[watch] = Folder{folder, role, root || was_root};
    return {};
  }
  if (errno == ENOSPC)
    return fail(ErrorKind::TooLarge, "the kernel allows no more watched folders", folder,
                "raise fs.inotify.max_user_watches");
  // Gone again, or no folder any more: its parent tells.
  if (!root && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)) return {};
  const ErrorKind kind = errno == ENOENT || errno == ENOTDIR ? ErrorKind::NotFound : ErrorKind::Internal;
  return fail(kind, fmt::format("cannot be watched: {}", std::strerror(errno)), folder);
}

// The watch comes before the look inside, so a folder made meanwhile is either seen or reported.
Result<void> ChangeWatch::add_recursively(const std::string& folder, Role role, bool root) {
  if (auto added = add(folder, role, root); !added) return added;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    if (at->path().filename().string().starts_with(".")) continue;
    std::error_code unknown;
    if (at->symlink_status(unknown).type() != fs::file_type::directory) continue;
    if (auto added = add_recursively(at->path().string(), role, false); !added) return added;
  }
  return {};
}

bool ChangeWatch::take(int watch, unsigned mask, const std::string& name) {
  if ((mask & IN_Q_OVERFLOW) != 0) return true;
  const auto found = folders_.find(watch);
  if (found == folders_.end()) return false;
  const Folder folder = found->second;
  if ((mask & IN_IGNORED) != 0) {
    folders_.erase(found);
    root_gone_ = root_gone_ || folder.root;
    return folder.root;
  }
  if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0) {
    root_gone_ = root_gone_ || folder.root;
    return true;
  }
  if (name.empty()) return (mask & IN_ATTRIB) != 0 && folder.role == Role::Tree;
  switch (folder.role) {
    case Role::GitDir:
      return name == "HEAD" || name == "packed-refs";
    case Role::RefTree:
      return !name.ends_with(".lock");
    case Role::Flat:
      return !name.starts_with(".") || name == "..data";
    case Role::Tree:
      return !name.starts_with(".");
  }
  return true;
}

Result<bool> ChangeWatch::drain() {
  bool counts = false;
  alignas(inotify_event) std::array<char, 65536> buffer;
  while (true) {
    const ssize_t got = ::read(events_.native_handle(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return counts;
    if (got <= 0) return fail(ErrorKind::Internal, fmt::format("cannot read file events: {}", std::strerror(errno)));
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof(event));
      const std::string name = event.len == 0 ? std::string() : std::string(buffer.data() + at + sizeof(event));
      at += sizeof(event) + event.len;
      if (!take(event.wd, event.mask, name)) continue;
      counts = true;
      const auto folder = folders_.find(event.wd);
      if ((event.mask & IN_ISDIR) == 0 || (event.mask & (IN_CREATE | IN_MOVED_TO)) == 0 || folder == folders_.end())
        continue;
      const Folder parent = folder->second;
      if (parent.role == Role::Flat) continue;
      if (auto added = add_recursively(parent.path + "/" + name, parent.role, false); !added)
        return std::unexpected(added.error());
    }
  }
}

asio::awaitable<Result<void>> ChangeWatch::settle() {
  asio::steady_timer timer(events_.get_executor());
  for (int round = 0; round < kQuietRounds; ++round) {
    timer.expires_after(kQuiet);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!events_.is_open()) co_return fail(ErrorKind::Cancelled, "the watch was closed");
    auto more = drain();
    if (!more) co_return std::unexpected(more.error());
    if (!*more) break;
  }
  co_return Result<void>();
}

asio::awaitable<Result<void>> ChangeWatch::changed() {
  while (true) {
    if (!events_.is_open()) co_return fail(ErrorKind::Cancelled, "the watch was closed");
    if (root_gone_) co_return fail(ErrorKind::NotFound, "the watched folder was removed or renamed");
    auto seen = drain();
    if (!seen) co_return std::unexpected(seen.error());
    if (*seen) break;
    const auto [failed] =
        co_await events_.async_wait(asio::posix::stream_descriptor::wait_read, asio::as_tuple(asio::use_awaitable));
    if (failed) co_return fail(ErrorKind::Cancelled, "the watch was closed");
  }
  if (debounced_) co_return co_await settle();
  co_return Result<void>();
}

void ChangeWatch::close() {
  boost::system::error_code ignored;
  events_.close(ignored);
}

Result<std::string> git_dir_of(const std::string& path) {
  std::error_code failed;
  const fs::path base = fs::absolute(path, failed), dot_git = base / ".git";
  if (fs::is_directory(dot_git, failed)) return dot_git.lexically_normal().string();
  if (fs::is_regular_file(dot_git, failed)) {
    const std::string line = first_line(dot_git);
    if (!line.starts_with("gitdir: "))
      return fail(ErrorKind::Invalid, "is no file that points to a Git directory", dot_git.string());
    return (base / line.substr(8)).lexically_normal().string();
  }
  if (fs::exists(base / "HEAD", failed) && fs::is_directory(base / "objects", failed) &&
      fs::is_directory(base / "refs", failed))
    return base.lexically_normal().string();
  return fail(ErrorKind::NotFound, "is not a Git repository", path);
}

}  // namespace holdfast
