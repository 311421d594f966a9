// What health is judged by, read from the text of an object: all of it but managedFields and what pods are made of, so
// that a status update costs little. Pure.
#pragma once

#include "holdfast/model/gvk.h"
#include "holdfast/model/json.h"
#include "holdfast/model/json_view.h"

namespace holdfast {

// Without metadata.managedFields and spec.template, and with its type, which the items of a list lack; null where the
// text cannot be read.
json::value health_view(const JsonView& body, const GroupVersionKind& gvk);

}  // namespace holdfast
