// Text with variables in it, filled in as Flux does it (fluxcd/pkg/envsubst): ${name}, "$$" for a dollar sign, and of
// the shell's operators
//   ${name:=text} ${name=text} ${name:-text}   the text where the variable is empty or not there, in which there may be
//                                              variables again; ${name:?text} and ${name:+text} do the same there
//   ${#name}  ${name:from}  ${name:from:length}  its length, or a part of it, in bytes
//   ${name^} ${name^^} ${name,} ${name,,}      with an upper or lower case letter in front, or everywhere
//   ${name#pattern} ${name##pattern} ${name%pattern} ${name%%pattern}   without a beginning or an end
//   ${name/a/b} ${name//a/b} ${name/#a/b} ${name/%a/b}   the first, every, or a leading or trailing "a" replaced
// $name without braces is left as it is. tests/substitution compares it with Flux' own library. One thing is refused
// here that it takes: a name with letters that are not ASCII.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/base/secret.h"

namespace holdfast {

using VariableValues = std::map<std::string, Secret, std::less<>>;

inline constexpr std::size_t kLongestExpansion_bytes = std::size_t{16} << 20;
inline constexpr std::size_t kLongestTrimmed_bytes = std::size_t{8} << 10;

// `strict`: a variable that is not there, and for which the text has nothing else, is an error; otherwise it is empty.
// Errors: Invalid, which names the variable or says where in which kind of expression, never a value; TooLarge. Pure.
Result<std::string> expand_variables(std::string_view text, const VariableValues& values, bool strict);

}  // namespace holdfast
