// A file that a person names, or standard input.
#pragma once

#include <string>

#include "holdfast/base/result.h"

namespace holdfast {

// "-" is standard input. Errors: NotFound, Invalid; TooLarge beyond 256 MiB.
Result<std::string> read_input(const std::string& file);

// As messages name it.
std::string input_name(const std::string& file);

}  // namespace holdfast
