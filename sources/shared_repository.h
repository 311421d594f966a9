// One repository, as all applications of a process see it that have the same URL and credentials: whichever of its refs
// they follow is told by one query, and what they need of a new commit comes in one fetch.
//
// A look is one such query. It is due when the smallest of the applications' intervals is over, when a local
// repository's refs change (inotify), when somebody pushed, and when an application asks. Looks never overlap; what
// asks meanwhile is answered by the next one. Before each one the credentials are looked at again, and one is due when
// their Secret has changed. After one that failed the next waits a while, a push excepted.
//
// Lives on one executor, one thread; all that blocks runs on the workers, and comes back as values.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/base/clock.h"
#include "holdfast/base/result.h"
#include "holdfast/base/turn_queue.h"
#include "sources/change_watch.h"
#include "sources/git_mirror.h"
#include "sources/repository_look.h"
#include "sources/repository_reader.h"
#include "sources/source_access.h"

namespace holdfast {

struct SharedRepositoryOptions {
  GitMirrorOptions mirror;                    // its `stop` is the repository's own
  std::string local_git_dir;                  // of a repository on this machine; empty: a remote one
  std::shared_ptr<AccessKeeper> access = {};  // credentials that may change; null: those of `mirror`
  std::shared_ptr<ReadCounters> counters = std::make_shared<ReadCounters>();
  bool logs = false;                      // what was read: for a daemon, not for verbs that read once
  std::shared_ptr<TurnQueue> turns = {};  // of all repositories; null: one of its own
};

class SharedRepository : public std::enable_shared_from_this<SharedRepository> {
 public:
  using Follower = RepositoryFollower;
  using RefsFollower = RepositoryRefsFollower;

  SharedRepository(boost::asio::any_io_executor executor, std::shared_ptr<boost::asio::thread_pool> workers,
                   SharedRepositoryOptions options);
  ~SharedRepository();

  // NotFound and such where a local repository cannot be watched.
  Result<void> watch();
  void join(Follower& follower);
  void leave(Follower& follower);
  void join(RefsFollower& follower);
  void leave(RefsFollower& follower);
  [[nodiscard]] Clock::time_point last_begun() const { return last_begun_; }  // of the looks

  // The number of a look that begins from now on.
  std::uint64_t ask();
  // As soon as may be: something was pushed.
  void look_now();

  // Whether one of the last looks has told of this revision.
  [[nodiscard]] bool has_seen(const std::string& revision) const;

  using Done = std::function<void(Result<ReadResult>)>;
  // All that are asked for because of one look are read together. `done` is called by the
  // executor, unless the repository is gone by then.
  void read(ReadTask task, Done done);
  void read_afresh(RefWish wish, PlainFiles files, Done done);
  void read_recorded(ReadTask task, std::string revision, std::string content, Done done);
  // `look` is called by a worker for each revision, with its tree or why there is none; it owns what it touches.
  using TreeLook = std::function<void(const ResolvedRef& at, const Result<std::shared_ptr<RevisionTree>>& tree)>;
  void inspect(std::vector<ResolvedRef> revisions, TreeLook look, std::function<void()> done);
  void trace(ResolvedRef at, TraceRequest request, std::function<void(Result<ObjectOrigin>)> done);
  void blame(ResolvedRef at, OriginPlace place, std::function<void(Result<LineCommit>)> done);

  [[nodiscard]] const std::string& url() const { return options_.mirror.url; }
  [[nodiscard]] std::uint64_t looks() const { return looks_; }

 private:
  struct Arrival;
  class Arrivals;
  struct Asked {
    ReadTask task;
    Done done;
  };
  template <class T>
  void ask_history(std::function<Result<T>(const RepositoryReader&)> question, std::function<void(Result<T>)> done);
  // A function of the executor's thread, to be called from a worker: nothing happens where the repository is gone.
  template <class Function>
  auto back_home(Function function);
  void schedule();
  void begin_look();
  void renew_access(RepositoryLook looked, bool pushed);
  void look(RepositoryLook looked, bool pushed);
  void follow_access();
  void end_look(RepositoryLook looked);
  void tell_followers(std::shared_ptr<const RepositoryLook> looked, std::size_t from);
  void read_what_was_asked_for();
  [[nodiscard]] bool is_followed() const { return !followers_.empty() || !refs_followers_.empty(); }
  [[nodiscard]] std::chrono::milliseconds spread(std::chrono::milliseconds interval) const;  // a tenth more or less
  void follow_watch();
  void end_reading(const ReadEffort& effort);
  void tell_unchanged(std::size_t applications, std::uint64_t git_processes) const;
  [[nodiscard]] std::chrono::milliseconds interval() const;

  boost::asio::any_io_executor executor_;
  std::shared_ptr<boost::asio::thread_pool> workers_;
  boost::asio::strand<boost::asio::thread_pool::executor_type> strand_;
  SharedRepositoryOptions options_;
  std::stop_source stop_;
  std::shared_ptr<RepositoryReader> reader_;
  std::shared_ptr<ChangeWatch> watch_;  // of a local one; null while that cannot be watched
  SourceAccessPtr access_;              // of the last look
  std::shared_ptr<boost::asio::cancellation_signal> access_follow_;  // of a wait for another one; null: none
  std::set<Follower*> followers_;
  std::set<RefsFollower*> refs_followers_;
  std::map<RefWish, std::string> found_;  // the revisions, by the last look
  std::deque<std::string> seen_;          // and those before, the newest last
  std::vector<Asked> asked_reads_;
  int telling_ = 0;  // looks whose followers are being told
  Timer timer_;
  std::uint64_t looks_ = 0;  // that have ended
  bool looking_ = false, asked_ = false, pushed_ = false, reading_ = false;
  unsigned failures_ = 0;  // in a row
  Clock::time_point last_begun_{}, not_before_{}, due_ = Clock::time_point::max();
};

}  // namespace holdfast
