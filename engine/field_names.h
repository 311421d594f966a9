// What somebody meant who wrote a name that a type does not have. Pure; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "holdfast/merge/field_set.h"
#include "holdfast/merge/schema.h"

namespace holdfast {

// `path` ends with the name that is not declared where it stands. The nearest field beside it, or one of the very name
// elsewhere (its indentation was wrong), or all that there are where they are few. Empty where none of it helps.
std::string meant_field(const TypeNode& type, const FieldPath& path);

// The same of a word out of a few.
std::string meant_word(std::string_view word, std::span<const std::string_view> words);

}  // namespace holdfast
