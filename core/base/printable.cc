#include "holdfast/base/printable.h"

namespace holdfast {

std::string printable_line(std::string_view text) {
  std::string line(text);
  for (std::size_t i = 0; i < line.size(); ++i) {
    const auto byte = static_cast<unsigned char>(line[i]);
    if (byte < 0x20 || byte == 0x7F) line[i] = ' ';
    // U+0080 to U+009F: a terminal takes them for the beginning of its own words.
    const bool two = byte == 0xC2 && i + 1 < line.size();
    if (two && static_cast<unsigned char>(line[i + 1]) >= 0x80 && static_cast<unsigned char>(line[i + 1]) <= 0x9F)
      line[i] = line[i + 1] = ' ';
  }
  return line;
}

}  // namespace holdfast
