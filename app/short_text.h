// Texts of bounded length, for statuses and reports. Pure.
#pragma once

#include <cstddef>
#include <string>

namespace holdfast {

// At most so many bytes (4 at least); what was cut ends in " …", and no character is cut in two.
std::string shortened(std::string text, std::size_t most_bytes);

}  // namespace holdfast
