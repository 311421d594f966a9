// Which object a custom health rule is to be applied to next. Pure: it starts nothing and waits for nothing.
//
// At most one run is under way for an object, and while it is, only the newest state of the object waits. Kinds take
// turns, and one kind alone never has all the places, so that a script which takes long holds up its own kind only.
// The bodies that wait are bounded: beyond that an object is remembered by its name, and recall()ed when there is room.
#pragma once

#include <compare>
#include <cstddef>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "engine/health_judge.h"

namespace holdfast {

class JudgementQueue {
 public:
  struct Limits {
    std::size_t at_once = 2;
    std::size_t waiting_bytes = 64 * 1024 * 1024;  // one body always has room
  };
  struct Subject {
    HealthAsker* asker;
    ObjectKey key;
    auto operator<=>(const Subject&) const = default;
  };
  struct Job {
    Subject subject;
    HealthTask task;
  };

  explicit JudgementQueue(Limits limits) : limits_(limits) {}

  void add(const Subject& subject, HealthTask task);
  // To be run now; under way until done().
  std::optional<Job> next();
  // False: the asker was forgotten meanwhile.
  bool done(const Subject& subject);
  void forget(const HealthAsker* asker);
  // Who has to ask again. To be looked at after done(); few at a time, all of them when nothing else is to do.
  std::vector<Subject> recall();
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }

 private:
  struct State {
    std::optional<HealthTask> waiting;
    bool in_line = false, under_way = false;
  };
  struct Line {
    std::deque<Subject> subjects;
    std::size_t under_way = 0;
  };

  void let_go_of_body(State& state);
  void stand_in_line(const Subject& subject, State& state);
  std::optional<Job> next_of(Line& line);
  [[nodiscard]] std::size_t most_of_a_kind() const { return limits_.at_once > 1 ? limits_.at_once - 1 : 1; }

  Limits limits_;
  std::map<Subject, State> states_;
  std::map<GroupKind, Line> lines_;
  std::set<Subject> missed_;
  GroupKind last_kind_;  // whose turn it was
  std::size_t under_way_ = 0, waiting_bytes_ = 0;
};

}  // namespace holdfast
