// What the status of an ApplicationSet says, in the words of kstatus and Flux (docs/previews.md). Pure: time comes from
// a function, and nothing is sent from here.
//
//   Ready        True: every element that is to have an application has one, and all of these are ready
//   Reconciling  True: something is under way, or is tried again by itself
//   Stalled      True: nothing goes on before somebody does something
//   Contested    True, and nothing else is said: another installation expands it
//
// One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/stated_conditions.h"
#include "holdfast/model/json.h"
#include "sources/set_expansion.h"

namespace holdfast {

// How a set stands after a look at it.
struct SetStanding {
  struct Generator {
    std::string type;
    std::size_t elements = 0;  // when it was read last
    std::string message;       // why it cannot be read; empty: it was
  };
  std::int64_t generation = 0;
  std::string refused, refused_reason = "InvalidSpec";  // instead of all else; empty: it is not
  bool suspended = false;
  std::vector<Generator> generators;
  std::vector<LeftOut> left_out;       // those that are meant to be (MaxReached, Expired) too
  std::optional<std::size_t> matched;  // none while a generator has not been read yet
  std::size_t wanted = 0, applied = 0, ready = 0;
  std::string under_way;  // what is waited for; empty: nothing
};

class SetStatus {
 public:
  struct Hooks {
    std::function<std::chrono::sys_seconds()> now;
    std::function<void()> changed;  // document() says something else than before
    std::function<void(const std::string& type, const ApplicationCondition& now)> transition;
  };
  explicit SetStatus(Hooks hooks) : hooks_(std::move(hooks)) {}

  // What an earlier process wrote: times go on from there.
  void recall(const json::object& status);
  void set(SetStanding standing);
  // Instead of all else, until set(): another installation expands it.
  void contest(std::string message);

  [[nodiscard]] Conditions conditions() const;
  // `status`, but for the record of the previews, which has a writer of its own.
  [[nodiscard]] json::object document() const;

 private:
  void tell();
  [[nodiscard]] ApplicationCondition ready() const;
  [[nodiscard]] ApplicationCondition stalled() const;
  [[nodiscard]] std::string some_left_out() const;

  Hooks hooks_;
  SetStanding standing_;
  std::string contested_, contested_since_;  // empty: it is not
  StatedConditions stated_;
  std::string told_;  // the document, canonical
};

}  // namespace holdfast
