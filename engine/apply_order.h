// In which order types are applied (correctness D9). Deletion goes the other way round.
#pragma once

#include <string_view>

#include "holdfast/model/gvk.h"

namespace holdfast {

// 0 first. Objects of equal rank are independent of one another. Below 100.
int apply_rank(const GroupKind& type, bool custom_resource);

// Whether kube-apiserver itself serves this API group. Everything else is a custom resource, or aggregated, which is
// ordered alike.
bool is_builtin_group(std::string_view group);

}  // namespace holdfast
