// UTF-8, in which there are no overlong forms and no surrogates.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast {

// Whether bytes are well-formed.
bool is_utf8(std::string_view bytes);

// Of bytes that are none, one counts as the replacement character.
struct Utf8Character {
  char32_t value = 0xFFFD;
  std::size_t size = 1;
  bool valid = false;
};
// Of a text that is not empty.
Utf8Character first_character(std::string_view text);

void append_utf8(std::string& text, char32_t character);

}  // namespace holdfast
