#include "engine/confinement.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>

namespace holdfast {
namespace {

// What applies objects that are written in it, or named by it, with the rights of its own controller: ours first of
// all.
bool acts_elsewhere(const ObjectKey& key) {
  static constexpr std::array<std::string_view, 3> kOfArgo = {"Application", "ApplicationSet", "AppProject"};
  if (key.group == "holdfast.dev" || key.group.ends_with(".toolkit.fluxcd.io")) return true;
  return key.group == "argoproj.io" && std::ranges::find(kOfArgo, key.kind) != kOfArgo.end();
}

bool limits_it(const ObjectKey& key) {
  return key.group.empty() && (key.kind == "ResourceQuota" || key.kind == "LimitRange") &&
         key.name == kPreviewLimitsName;
}

}  // namespace

Result<void> check_confined(const ObjectKey& key, std::string_view namespace_) {
  constexpr const char* kLeaveOut =
      "leave it out here, as with spec.source.directory.exclude, or hold it by an application that is not confined";
  if (key.namespace_.empty())
    return fail(ErrorKind::Forbidden,
                fmt::format("a {} lives in no namespace, and the application is confined to {}", key.kind, namespace_),
                {}, kLeaveOut);
  if (key.namespace_ != namespace_)
    return fail(
        ErrorKind::Forbidden,
        fmt::format("it is in the namespace {}, and the application is confined to {}", key.namespace_, namespace_), {},
        "remove metadata.namespace, or have spec.source.kustomize.namespace set it");
  if (acts_elsewhere(key))
    return fail(ErrorKind::Forbidden,
                fmt::format("{} makes others write elsewhere, and the application is confined to {}",
                            to_string(key.group_kind()), namespace_),
                {}, kLeaveOut);
  if (limits_it(key))
    return fail(ErrorKind::Forbidden, fmt::format("the {} {} limits what runs here", key.kind, key.name), {},
                "give it another name; the limits of a preview are in the ApplicationSet");
  return {};
}

}  // namespace holdfast
