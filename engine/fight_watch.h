// Finds out that somebody undoes our repairs as fast as we make them, and slows us down, never to a stop (correctness
// C13). A state machine without a clock, one for each object.
//
// A fight over a field begins with more than 5 repairs of it, or of its object, within a minute, or when a repair
// undoes the same state of it (same value, same owner) a second time within that minute: A, B, A, B, A. Ownership that
// goes to and fro while the value stays is one too (two forcing appliers under a rewriting webhook). From then on the
// field is put back at growing intervals, 1 s up to 10 min; other fields are not held up. Drift is still looked for and
// told. It ends when the field has stayed as desired for a minute or twice the last interval, whichever is longer.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "holdfast/base/clock.h"
#include "holdfast/model/drift.h"

namespace holdfast {

struct Fight {
  std::string field;                   // as in FieldDrift; empty: the object's existence
  std::optional<FieldOwner> opponent;  // the last who held it; none: nobody can be named
  std::string why;                     // "6 repairs within a minute"
  Clock::time_point since;
  std::chrono::seconds interval{0};  // until the next repair
};

class FightWatch {
 public:
  using Time = Clock::time_point;
  static constexpr std::size_t kMaxRepairs = 5;  // within a minute; more are a fight
  static constexpr std::size_t kMaxFields = 64;  // remembered; beyond, the one that was quiet longest is forgotten
  static constexpr std::chrono::seconds kWindow{60}, kFirstInterval{1}, kLongestInterval{600};

  // These were just put back. Returns the fights that began by it.
  std::vector<Fight> repaired(const std::vector<FieldDrift>& fields, Time now);
  // These are drifted, and were not put back.
  void drifted(const std::vector<FieldDrift>& fields, Time now);
  // Nothing is drifted.
  void settled(Time now);

  // When the field may be put back; none: at once.
  [[nodiscard]] std::optional<Time> not_before(const std::string& field) const;
  [[nodiscard]] std::vector<Fight> fights() const;
  // Those that are over by now, which are forgotten.
  std::vector<Fight> ended(Time now);
  [[nodiscard]] std::optional<Time> next_end() const;  // when ended() may have something to say

 private:
  struct Repair {
    Time at;
    std::string undone;  // the state that was put back
  };
  struct Field {
    std::deque<Repair> repairs;  // of the last minute, at most kMaxRepairs + 1
    std::optional<Fight> fight;
    Time last_change{};     // repair, or another end of the drift
    bool drifting = false;  // seen, and not put back yet
    Time not_before{};
  };

  Field& field(const std::string& name);
  static std::string reason_to_fight(const Field& field, std::size_t object_repairs);
  [[nodiscard]] static Time end_of(const Field& field);

  std::map<std::string, Field> fields_;
  std::deque<Time> object_repairs_;
};

}  // namespace holdfast
