#include "sources/utf8.h"

#include <boost/locale/utf.hpp>
#include <iterator>

namespace holdfast {

bool is_utf8(std::string_view bytes) {
  namespace utf = boost::locale::utf;
  for (auto at = bytes.begin(); at != bytes.end();)
    if (!utf::is_valid_codepoint(utf::utf_traits<char>::decode(at, bytes.end()))) return false;
  return true;
}

Utf8Character first_character(std::string_view text) {
  namespace utf = boost::locale::utf;
  auto at = text.begin();
  const utf::code_point value = utf::utf_traits<char>::decode(at, text.end());
  if (!utf::is_valid_codepoint(value)) return {};
  return {value, static_cast<std::size_t>(at - text.begin()), true};
}

void append_utf8(std::string& text, char32_t character) {
  boost::locale::utf::utf_traits<char>::encode(character, std::back_inserter(text));
}

}  // namespace holdfast
