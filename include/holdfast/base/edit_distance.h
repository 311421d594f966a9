// How far two words are from one another, so that a message can say what was meant.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace holdfast {

// Letters added, removed or replaced, each of them one (Levenshtein). Costs the product of both lengths: bound them.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate that `word` was most likely meant to be, the first of several; empty where none is like it. Upper and
// lower case count as equal, and words of more than 63 bytes are like none.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace holdfast
