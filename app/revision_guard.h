// Keeps an older commit from being taken for news (asks, incident 9). Pure.
//
// A remote answers from one of several servers, and one that lags names the commit of before. A person may also move a
// branch back on purpose. Both look the same at first: so the remote is asked again, and a step back counts when it has
// been said for a while. Commits are ordered by when they were committed, and by the order in which they were seen.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "holdfast/base/clock.h"
#include "holdfast/model/inventory.h"

namespace holdfast {

class RevisionGuard {
 public:
  static constexpr std::chrono::seconds kSaidFor{15};  // a step back is believed after that
  static constexpr unsigned kTimes = 4;                // and so many answers in a row
  static constexpr std::chrono::seconds kAskAgainAfter{5};
  static constexpr std::size_t kRemembered = 64;

  enum class Judgement { Take, TakeOlder, AskAgain };

  // The newest revision that this or an earlier process has begun to bring about.
  void began(const BegunRevision& revision);
  [[nodiscard]] const BegunRevision& newest() const { return newest_; }

  // What the remote has just named. Take: news, or the same, or something that has no order: files, a commit that was
  // asked for by its id, another branch.
  Judgement judge(const BegunRevision& read, Clock::time_point now);

 private:
  struct StepBack {
    std::string revision;
    Clock::time_point since;
    unsigned times = 0;
  };
  [[nodiscard]] bool is_older(const BegunRevision& read) const;

  BegunRevision newest_;
  std::deque<std::string> superseded_;
  std::optional<StepBack> step_back_;
};

}  // namespace holdfast
