// Options that take one of a few words, in people's words: CLI11 tells of them, in help and errors, as
// "ENUM:value in {json->1,text->0} OR {1,0}", and takes the numbers, too.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast {

// The words, out of the name of an option's type: "TEXT:{a,b}", "ENUM:value in {a->0,b->1} OR {0,1}"; none: it takes
// any.
std::vector<std::string> choices_in(std::string_view type);

// Of all options below `app`: its words alone are taken, and help, errors, completion and the manual name these. To be
// called once all options are defined.
void tell_choices_in_words(CLI::App& app);

}  // namespace holdfast
