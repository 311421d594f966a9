// An object of ours, as an API server has it, without what its author has not written.
#pragma once

#include "holdfast/model/json.h"

namespace holdfast {

json::object written_document(const json::object& object);

}  // namespace holdfast
