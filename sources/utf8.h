// Whether bytes are well-formed UTF-8: no overlong forms, no surrogates.
#pragma once

#include <string_view>

namespace holdfast {

bool is_utf8(std::string_view bytes);

}  // namespace holdfast
