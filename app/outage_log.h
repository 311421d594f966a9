// Tells an outage in two lines. When an API server goes away, every watch and the discovery fail, again and again; who
// is on call needs to know that it began, why, and that it is over.
//
// Pure: time is an argument. What concerns one type alone (forbidden, not served) is told for itself, once.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "holdfast/base/clock.h"

namespace holdfast {

class OutageLog {
 public:
  enum class Concerns {
    Everything,  // the server or the way to it, most likely
    ThisAlone,
  };

  // `what` failed with `text`. The line to log as a warning; none: it has been said, and may go into the debug log.
  std::optional<std::string> failed(const std::string& what, const std::string& text, Concerns concerns,
                                    Clock::time_point now);
  // `what` works. The line to log; none: nothing was wrong, or something still is.
  std::optional<std::string> recovered(const std::string& what, Clock::time_point now);

 private:
  std::map<std::string, std::string> alone_;  // what -> what was said of it
  std::set<std::string> troubled_;            // part of the outage that began at began_
  std::size_t affected_ = 0;
  Clock::time_point began_{};
};

}  // namespace holdfast
