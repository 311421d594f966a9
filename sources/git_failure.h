// Git says what went wrong in words only; this is the one place that reads them (style rule 5). LC_ALL=C is assumed.
#pragma once

#include <string_view>

#include "holdfast/base/result.h"

namespace holdfast {

// NotFound: no such repository. Unauthorized: a credential is missing or refused. Forbidden: this host key or path is
// not ours to use. Unreachable: no answer; what comes back by itself. `url` is shown without credentials.
Error git_failure(std::string_view stderr_text, std::string_view url);

// The server does not hand out this object on its own.
bool is_unadvertised_object(std::string_view stderr_text);

}  // namespace holdfast
