// From hints to the applications that have to look: whose repository it is, in whatever spelling, and whose ref it may
// be. A repository is looked at once for a hint, and no more often than every kLookEvery however many hints come: those
// in between become one look at its end, so that none is lost and a flood costs little. Where nobody has read the
// commit that was pushed a while after a look, it is looked again, twice at most: forges may call before they show it.
//
// One thread. Bounds: what is remembered is of repositories that applications have.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>

#include "app/config_changes.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "sources/push_hint.h"

namespace holdfast {

class PushRouter final : public PushSink {
 public:
  static constexpr std::chrono::milliseconds kLookEvery{1'000};
  static constexpr std::size_t kMostRefs = 32;  // that wait, of one repository; more: all of them
  static constexpr int kLooksMore = 2;          // for a commit that is not there yet
  static constexpr std::chrono::milliseconds kLookAgainAfter{3'000};
  struct Applications {
    std::function<void(const ApplicationName&)> look;  // it is to look at its repository
    std::function<bool(const ApplicationName&, const std::string& commit)> has_read;
  };

  PushRouter(boost::asio::any_io_executor executor, Applications applications);

  // An application that has no remote repository is none of its business.
  void add(const ApplicationName& name, const std::string& repo, const std::string& ref);
  void remove(const ApplicationName& name);

  void pushed(PushHint hint) override;

  // Looks when it is time, until stop().
  boost::asio::awaitable<void> run();
  void stop();

 private:
  static constexpr Clock::time_point kNever = Clock::time_point::max();
  struct Repository {
    std::map<ApplicationName, std::string> refs;  // what each application reads; empty: the default branch
    Clock::time_point look_next{};
    bool waiting = false;
    std::set<std::string> moved;  // refs that wait to be looked at, in full; with `waiting`, none: all
    std::string commit;           // that was pushed last; empty: not known
    int looks_more = 0;
    Clock::time_point due = kNever;
  };
  void note(const std::string& identity, Repository& repository, const PushHint& hint);
  void look(const std::string& identity, Repository& repository);
  void look_again(const std::string& identity, Repository& repository);
  void set_due(const std::string& identity, Repository& repository, Clock::time_point due);
  [[nodiscard]] bool is_read(const Repository& repository) const;

  Applications applications_;
  std::unordered_map<std::string, Repository> repositories_;  // by their identity
  std::map<ApplicationName, std::string> identities_;
  std::set<std::pair<Clock::time_point, std::string>> due_;
  Timer timer_;
  bool stopping_ = false;
};

// Whether what `ref` of an application names may be the ref that has moved. A branch or tag is told from another one; a
// default branch, a range, or what is not known may be any.
bool may_be_ref(const std::string& ref, const std::string& moved);

}  // namespace holdfast
