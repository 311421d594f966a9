// What has to happen to an object's metadata.managedFields before or beside our applies (correctness D3), and whose the
// object is by the marks of other tools (D15). Without the former, fields that a predecessor wrote stay for ever after
// Git has dropped them. Pure: what is returned are JSON patches (application/json-patch+json) that the API server
// refuses with an ordinary 409 where the object has changed meanwhile (V30); nothing is returned where there is nothing
// to do.
//
// managedFields that cannot be read are an Invalid error: reset_patch() is for that, and loses who owned what.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/prepare.h"
#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

// For the first apply to an object that we take over: what kubectl, Helm, Flux and Argo CD own in it, and the managers
// named in `former` (whatever their operation), becomes ours, so that the apply prunes what Git does not have. Changes
// that people made by hand with kubectl edit, patch, scale, label and the like are not a manifest's, and stay theirs;
// so does all of status, and what is written through a subresource. The annotations by which kubectl and Argo CD keep
// their books stay on a Deployment, for there the API server would count a new generation without them.
Result<std::optional<std::string>> adoption_patch(const Desired& desired, const json::value& live,
                                                  const FieldManager& manager, const std::vector<std::string>& former);

// For every object of ours: "before-first-apply" appears at the first apply to an object whose managedFields were lost
// (V29), and owns all that was there, controllers' fields too. What Git has is taken out of it, and what kubectl's
// last-applied annotation has becomes ours; the rest stays where it is, for nobody can tell whose it was.
Result<std::optional<std::string>> leftover_patch(const Desired& desired, const json::value& live,
                                                  const FieldManager& manager);

// For an apply that was refused with "field not declared in schema" though the field is not in what we sent: entries in
// a version of the type that the server no longer knows that way are renamed to the version of `desired`. Once; if the
// refusal stays, it is about the body.
Result<std::optional<std::string>> version_patch(const Desired& desired, const json::value& live);

// Clears managedFields. The next apply then meets "before-first-apply".
Result<std::string> reset_patch(const json::value& live);

// Who manages the object, by the marks that tools leave on it: "the Helm release shop/web", "the Flux Kustomization
// flux-system/apps", "the Argo CD application web". Nothing where nobody does. ApplySets, other installations and owner
// references are other_owner's (verdict.h).
std::optional<std::string> managing_tool(const json::value& live);

}  // namespace holdfast
