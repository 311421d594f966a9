// A text to the objects in it, as `kubectl get -o yaml` or `-o json` prints them, status and all. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"

namespace holdfast {

// YAML with any number of documents, or JSON. Lists (`List`, and typed ones such as `PodList`, whose items need not say
// what they are) are taken apart. Every object has apiVersion and kind, and its metadata is an object, or the whole
// text is refused: Invalid, with `where` as "path:line" where that is known. A text without an object is an error, too.
Result<std::vector<json::value>> read_objects(std::string_view text, std::string_view path);

}  // namespace holdfast
