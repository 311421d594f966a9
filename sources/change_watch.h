// Tells when files change, by inotify, so that a save or a local commit is seen at once.
//
// Lives on one executor, one thread. What changes between on_…() or the last changed() and the next changed() is not
// lost: it completes at once then. A burst is one change. A lost-events mark of the kernel counts as a change. Names
// that begin with a dot, and Git's *.lock files, are none of its business.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string>
#include <unordered_map>

#include "holdfast/base/result.h"

namespace holdfast {

class ChangeWatch {
 public:
  // A folder and all folders below it, those made later too. Reports after 20 ms of quiet (250 ms at most), because an
  // editor saves in several steps.
  static Result<std::unique_ptr<ChangeWatch>> on_directory(boost::asio::any_io_executor executor,
                                                           const std::string& folder);
  // A folder alone, without those below it; `..data` counts, by whose exchange a mounted ConfigMap changes. As quiet.
  static Result<std::unique_ptr<ChangeWatch>> on_folder(boost::asio::any_io_executor executor,
                                                        const std::string& folder);
  // HEAD, packed-refs and everything below refs/ of a repository, of the main one where `git_dir` is of a worktree.
  static Result<std::unique_ptr<ChangeWatch>> on_git_refs(boost::asio::any_io_executor executor,
                                                          const std::string& git_dir);

  // One call at a time. Cancelled after close(); NotFound once the watched folder itself is gone.
  boost::asio::awaitable<Result<void>> changed();
  void close();

 private:
  enum class Role { Tree, Flat, RefTree, GitDir };
  struct Folder {
    std::string path;
    Role role = Role::Tree;
    bool root = false;
  };

  ChangeWatch(boost::asio::any_io_executor executor, int fd, bool debounced);
  Result<void> add(const std::string& folder, Role role, bool root);
  Result<void> add_recursively(const std::string& folder, Role role, bool root);
  Result<bool> drain();  // whether anything that counts was among the events
  bool take(int watch, unsigned mask, const std::string& name);
  boost::asio::awaitable<Result<void>> settle();

  boost::asio::posix::stream_descriptor events_;
  std::unordered_map<int, Folder> folders_;
  bool debounced_;
  bool root_gone_ = false;
};

// The Git directory of PATH: PATH/.git, where a file .git points, or PATH itself where it is bare. NotFound otherwise.
Result<std::string> git_dir_of(const std::string& path);

}  // namespace holdfast
