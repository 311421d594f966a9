// What there is to objects of all our types: how they are shown, which generation they have, and their finalizers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "app/config_changes.h"
#include "holdfast/model/api_resource.h"
#include "holdfast/model/json.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

std::string shown(const ApplicationName& name);          // "shop/web"
std::int64_t generation_of(const json::object& object);  // 0: it has none
bool has_finalizer(const json::object& object, std::string_view finalizer);
// Sets or removes it, and leaves those of others. On the version that was seen, where it names one: what somebody
// changed meanwhile comes by the watch, and is met then.
ApiRequest finalizer_patch(const ApiResource& resource, const json::object& object, std::string_view finalizer,
                           bool wanted, std::string_view manager);

}  // namespace holdfast
