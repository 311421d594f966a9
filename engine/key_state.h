// What a Reconciler knows of the object under one key: the form in force and the next one, what was applied and seen of
// it, and when it may be looked at again. Values, and a Reconciler's alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/drift_policy.h"
#include "engine/fight_watch.h"
#include "engine/fingerprinter.h"
#include "engine/hook.h"
#include "engine/prepare.h"
#include "engine/verdict.h"
#include "engine/yielding.h"
#include "health/health.h"
#include "holdfast/model/object.h"
#include "holdfast/ports/live_view.h"

namespace holdfast {

struct KeyState {
  using Time = std::chrono::steady_clock::time_point;

  // Of an object whose kind has a custom health rule: the state that was asked about last, and the one that the health
  // is about. `missed`: the question was let go of.
  struct Scripted {
    ResourceVersion asked, judged;
    bool missed = false;
  };
  struct Seen {
    Uid uid;
    ResourceVersion version;
  };
  // The newest state of an object whose bytes came by.
  struct Sight {
    Uid uid;
    ResourceVersion resource_version;
    FingerprintMemory memory;
    Health health;
    std::unique_ptr<Scripted> scripted = nullptr;
    std::unique_ptr<const HookEnd> end = nullptr;  // of a hook that runs to one

    [[nodiscard]] bool shows(const LiveObject& live) const {
      return resource_version == live.resource_version && uid == live.uid;
    }
  };
  // What of a desired state is left to others, and what remains to be applied.
  struct Shape {
    std::vector<Yielded> yielded;
    std::unique_ptr<const Desired> rest;  // null: all of it
    bool known = false;                   // it was looked for
  };
  // A desired state that is not the one in force, and what was seen with its eyes.
  struct Form {
    Desired desired;
    Sight sight;
    Shape shape;
  };
  // Of an object that drifts, or was repaired a short time ago.
  struct DriftMemory {
    DriftAges ages;
    FightWatch fights;
    std::string said;  // the same drift is said once
  };
  // Somebody deletes the object: which one, seen since when, and whether it was said that it does not go.
  struct Deletion {
    Uid uid;
    Time since{};
    bool said = false;
  };
  // Whether an object that converged still is what an apply leaves: schemas or admission have changed (C5.4, C10).
  enum class Doubt : std::uint8_t { None, InLine, Due };

  const Desired* wanted = nullptr;  // in desired_: the form in force, to which the object is healed
  Shape shape;                      // of that
  std::unique_ptr<DriftMemory> drift;
  bool release_due = false;  // a field that was handed over has another owner
  Doubt doubt = Doubt::None;
  // The form of the newest set, while its wave has not come or the server refuses it; meanwhile the one before stays
  // in force (ask 42).
  std::unique_ptr<Form> next;
  std::optional<Time> next_not_before;  // after a refusal
  std::unique_ptr<Form> last_good;      // from when a form is sent until it is known to be applied
  std::optional<Record> record;
  Sight sight;                         // as seen with the eyes of the state that is desired now
  std::optional<Time> event_received;  // of the oldest event not judged yet
  unsigned failures = 0;
  bool reported = false;              // the same failure is said once, not at each retry
  ResourceVersion refused_to_delete;  // the server has a newer one than this
  bool removed = false;               // our DELETE was answered with success: the next absence is its end
  Deletion deletion;
  std::unique_ptr<const Time> outlasts_since;  // of a hook of an older revision: it is to go, and was seen to run
  std::optional<Sha256> replaced;              // the form for whose sake the object was deleted, once
  std::optional<Time> not_before;              // after a failure: events do not shorten the wait (D14)
  Time asked_to_wait_until{};                  // by the server: a new desired state does not shorten it either (B8)

  // What is applied of the form in force, and what the live object is compared with.
  [[nodiscard]] const Desired& applied_form() const { return shape.rest != nullptr ? *shape.rest : *wanted; }
  void hurry(Time now) { not_before = asked_to_wait_until > now ? std::optional(asked_to_wait_until) : std::nullopt; }
  void forgive(Time now) {
    failures = 0;
    hurry(now);
  }
};

}  // namespace holdfast
