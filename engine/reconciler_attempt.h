// Shared by the files of the Reconciler, and nobody else's.
#pragma once

#include "engine/reconciler.h"

namespace holdfast {

// Between attempts at one object (correctness D14).
inline constexpr std::chrono::milliseconds kFirstRetry = std::chrono::seconds{1};
inline constexpr std::chrono::milliseconds kLongestRetry = std::chrono::minutes{5};

// One visit to a key: what was known when it was judged. Lives in the coroutine that visits.
struct Reconciler::Attempt {
  bool looked_up_absent = false;
  bool gone = false;  // an apply with `applied_uid` answered that no such object exists
  Uid applied_uid;
  ResourceVersion found;  // by a GET of this visit, where the store has none
  // The body that came with it, where that has the label that watches select on: then our watch is only late.
  std::optional<json::value> found_labelled;
  LivePtr live;
  Time judged{};  // of the first verdict: later passes of one visit belong to the same answer
  std::optional<Time> event_received;
  Desired desired;  // a copy: the set may change while a request is under way
};

}  // namespace holdfast
