// A DNS label that stands for the name of a branch, or of whatever may have slashes and capitals. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast {

// So that an application's name and a namespace have room for something before it.
inline constexpr std::size_t kLongestSlug = 30;

// The name itself where it is such a label already. Otherwise what is like it, a dash and eight digits of its digest:
// two names never share one but by a chance of 1 to 2^32, and none is the slug of another.
std::string slug_of(std::string_view name);

}  // namespace holdfast
