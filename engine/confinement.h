// What an application that is confined to its namespace may not have, whatever its source says (docs/previews.md). It
// is asked of each object as it would be written, when Kustomize, Helm, variables and hooks have had their say. Pure.
#pragma once

#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/model/object_key.h"

namespace holdfast {

// The quota and the limits of a preview, which are not for what runs in it to change.
inline constexpr std::string_view kPreviewLimitsName = "holdfast-preview";

// Forbidden: it lives outside of `namespace_`, is one of the limits of that, or makes a controller act elsewhere with
// rights of its own.
Result<void> check_confined(const ObjectKey& key, std::string_view namespace_);

}  // namespace holdfast
