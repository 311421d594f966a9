// Names and amounts of Marathon in the spelling of Kubernetes. Pure.
#pragma once

#include <string>
#include <string_view>

#include "app/foreign_fields.h"
#include "holdfast/model/json.h"

namespace holdfast {

// "/shop/web" is "shop-web"; always a name that a Service may have.
std::string marathon_label(std::string_view id);
// Whether it may be the name or the value of a label.
bool is_kubernetes_label(std::string_view text);
// A number times a factor, rounded; "0" where there is none.
std::string whole_amount(const json::value* value, double factor);

// That which was given, or one to be filled in: then it is said of `field`, and `complete` becomes false.
std::string marathon_image(std::string given, ForeignFields& told, std::string_view field, bool& complete);

// `cpus`, `mem`, `disk` and `gpus` of an app or of a container, and its `resourceLimits`, as a container has them.
json::object take_marathon_resources(ForeignFields& given, ForeignFields& most);

}  // namespace holdfast
