// What an object's own annotations ask of whoever manages it: ours, and those that Flux's and Argo CD's users have in
// their manifests already, so that these need no edits. Pure.
//
//   wave          holdfast.dev/wave, argocd.argoproj.io/sync-wave, helm.sh/hook-weight (where there are several, the
//                 first of these): an integer; lower ones first, 0 where it is absent
//   hook          holdfast.dev/hook: pre | post; argocd.argoproj.io/hook: PreSync | Sync | PostSync |
//                 Skip;
//                 helm.sh/hook: pre-install, pre-upgrade | post-install, post-upgrade; of both sorts: before and after
//   hook's end    holdfast.dev/hook-delete-policy and helm.sh/hook-delete-policy: before-hook-creation, hook-succeeded,
//                 hook-failed; argocd.argoproj.io/hook-delete-policy: BeforeHookCreation, HookSucceeded, HookFailed;
//                 several are separated by commas, and where there are none it is the first of these
//   prune         holdfast.dev/prune: disabled, kustomize.toolkit.fluxcd.io/prune: disabled,
//                 argocd.argoproj.io/sync-options: Prune or Delete, each =false or =confirm; helm.sh/resource-policy:
//                 keep, client.lifecycle.config.k8s.io/deletion: detach; read from the live object, when it is about to
//                 be deleted (see Ownership)
//   manage        holdfast.dev/manage: full | once | none; kustomize.toolkit.fluxcd.io/reconcile: disabled and
//                 /ssa: Ignore (none), /ssa: IfNotPresent (once)
//   health        argocd.argoproj.io/ignore-healthcheck: true
//   replace       holdfast.dev/replace: enabled, kustomize.toolkit.fluxcd.io/force: enabled,
//                 argocd.argoproj.io/sync-options: Replace=true or Force=true
//   depends on    holdfast.dev/depends-on, config.kubernetes.io/depends-on: "GROUP/namespaces/NAMESPACE/KIND/NAME" or
//                 "GROUP/KIND/NAME" (the core group is empty), separated by commas
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "holdfast/model/object_key.h"

namespace holdfast {

enum class HookPhase { Before, During, After };  // all else of the revision; during: in its wave of that

enum class Management {
  Full,  // created, changed, put back
  Once,  // created where it is absent; what becomes of it is not ours
  None,  // left alone altogether
};

// When a hook is deleted: before the next one of its name is made, when its phase has ended well, when it has failed.
// `at_once`: the first of these is said in so many words, so that the one before is not even waited for while it runs.
struct HookDeletion {
  bool before_creation = true, succeeded = false, failed = false, at_once = false;
  bool operator==(const HookDeletion&) const = default;
};

struct ObjectOptions {
  int wave = 0;
  std::optional<HookPhase> hook;
  bool again_after = false;  // a hook before, and after as well
  HookDeletion hook_deletion;
  Management management = Management::Full;
  bool replace = false;         // delete and make anew where a change is refused because a field is immutable
  bool ignores_health = false;  // however it fares, it counts as well
  std::vector<ObjectKey> depends_on;
  std::string remark = {};  // a mark of another tool says what nobody understands, and does nothing
  bool operator==(const ObjectOptions&) const = default;
};

// Invalid: says which annotation and what it may be.
Result<ObjectOptions> read_object_options(const json::object& body);

}  // namespace holdfast
