// Words of people, and of whoever speaks for them, as they may be shown on a terminal. Pure.
#pragma once

#include <string>
#include <string_view>

namespace holdfast {

// On one line: control characters, those that UTF-8 has in two bytes as well, are blanks.
std::string printable_line(std::string_view text);

}  // namespace holdfast
