// The CustomResourceDefinitions of holdfast.dev/v1alpha1, as `holdfast install` prints them. Pure.
#pragma once

#include "holdfast/model/api_resource.h"
#include "holdfast/model/json.h"

namespace holdfast {

json::array own_definitions();

// What Applications are served as, once their definition is there.
const ApiResource& application_resource();
const ApiResource& override_resource();
const ApiResource& application_set_resource();

}  // namespace holdfast
