// How an application goes from Flux or Argo CD to Holdfast: steps as data, told from what the cluster holds now. Pure.
//
// The order is what makes it safe to stop anywhere: the old tool first ceases to write, then to prune; then ours takes
// the objects over as they are, and only when all of them are as Git says does the old tool lose its finalizer and its
// object, in that order. After each step one tool at most writes, and neither would delete anything. Nothing of the
// plan is kept: whoever was killed between two steps asks again, and gets what is left.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/model/api_resource.h"
#include "holdfast/model/json.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

// In the order in which they are done. Those of one kind are done for all subjects before the next kind begins.
enum class TakeoverAct {
  Suspend,          // the old tool applies no more
  AwaitStill,       // what it has begun has ended
  StopPruning,      // nor does it delete
  Apply,            // our Application is there, and may adopt
  AwaitReady,       // it has applied everything, and all of it is as Git says
  RemoveFinalizer,  // the old object may go without cleaning up
  Delete,           // and goes
};

// One object of the old tool, and the Application that stands in for it.
struct TakeoverSubject {
  std::string from;                // "Kustomization flux-system/apps"
  ApiResource resource;            // of the old object
  json::object application;        // as it is to be applied
  json::value theirs, ours;        // as they are live; null: there is none
  bool finalizer_removed = false;  // by this process: a living controller puts it back, and it does no harm then
  // Objects of the old tool that this one applies. It is suspended and no more: taken over, it would bring them back.
  std::vector<std::string> children;
};

struct TakeoverStep {
  std::size_t subject = 0;  // which of them
  TakeoverAct act = TakeoverAct::Suspend;
  std::string what;                   // "suspend Kustomization flux-system/apps"
  std::string undo;                   // what takes it back, for people; may be empty
  std::optional<ApiRequest> request;  // nothing: it is only waited for
};

// What keeps it from being done safely, in words with what to do about it; nothing: the plan may be carried out.
std::optional<std::string> takeover_obstacle(const TakeoverSubject& subject);

// What is left to do, in order. A request refuses to be done on another version of the object than was looked at.
std::vector<TakeoverStep> takeover_plan(const std::vector<TakeoverSubject>& subjects);

// An old object as it was before the first step, as its annotation has it: what is imported after an end on the way is
// what would have been imported before.
json::value before_takeover(json::value object);

// Finds the children among the subjects by the marks that the old tool leaves on what it applies.
void find_children(std::vector<TakeoverSubject>& subjects);

}  // namespace holdfast
