// The manual page, in roff for man(1), made from the command line's own definition. Pure.
#pragma once

#include <string>

#include "app/command_tree.h"

namespace holdfast {

std::string manual_page(const Command& program, const std::string& version);

}  // namespace holdfast
