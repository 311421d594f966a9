// What of a hook is decided without looking at the cluster: which making of it an object is, which older one it
// follows, and when its policy wants it gone. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/object_options.h"
#include "holdfast/model/inventory.h"
#include "holdfast/model/json.h"
#include "holdfast/model/object_key.h"

namespace holdfast {

// An object that runs, and ends: one is made for each revision, under a name of its own. Any other hook (the account of
// a Job, its configuration) is referred to by its name, and keeps that.
bool runs_to_an_end(const GroupKind& type);

// Whether it has ended, told from its own status alone: of a Job a condition Complete or Failed that is True, of a Pod
// and a Workflow the phase, of Tekton's runs the condition Succeeded. Its health is another matter: that is well, too,
// of what runs well, and ill of what is tried again.
struct HookEnd {
  enum class Kind : std::uint8_t { Untold, Runs, Succeeded, Failed };  // Untold: of a kind that does not run to an end
  Kind kind = Kind::Untold;
  std::string message = {};  // why it failed, or does not end
  bool operator==(const HookEnd&) const = default;
};
HookEnd end_of_hook(const json::value& object, const GroupKind& type);

// "migrate-0123456789" of "migrate": at most 63 characters, so that a Job's pods still carry it in a label.
std::string name_of_making(std::string_view name, std::string_view making);
// Both are makings of one hook.
bool is_same_hook(const ObjectKey& one, const ObjectKey& other);

// Its policy wants the hook gone, which fares so; `phase_ended`: all hooks that run beside it have ended well.
bool is_to_go(const HookDeletion& policy, HookState state, bool phase_ended);

}  // namespace holdfast
