// The patterns of ${name#pattern} and its like: "*" is any bytes, slashes too, "?" one character, "[a-c]" one of those,
// "[^a-c]" another than those, and "\" takes away what the next character means.
#pragma once

#include <optional>
#include <string_view>

namespace holdfast {

// Whether all of `text` matches. Nothing where the pattern turns out to be none, which may depend on the text. Pure;
// takes the square of the lengths at most for each "*" (a match is never taken back over one).
std::optional<bool> shell_pattern_matches(std::string_view pattern, std::string_view text);

}  // namespace holdfast
