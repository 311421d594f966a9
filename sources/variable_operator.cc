#include "sources/variable_operator.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <clocale>
#include <cstdint>
#include <cwctype>
#include <optional>

#include "sources/shell_pattern.h"
#include "sources/utf8.h"
#include "sources/variable_text.h"

namespace holdfast {
namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The whole value where place or length is no number.
std::string_view part(std::string_view value, const std::vector<std::string>& arguments) {
  const auto size = static_cast<std::int64_t>(value.size());
  const auto place = whole_number(arguments[0]);
  if (!place) return value;
  const std::int64_t begin = *place < 0 ? std::max<std::int64_t>(size + std::max(*place, -size), 0) : *place;
  std::int64_t end = size;
  if (arguments.size() > 1) {
    const auto length = whole_number(arguments[1]);
    if (!length) return value;
    end = *length < 0 ? size + std::max(*length, -size - 1) : *length < size - begin ? begin + *length : size;
  }
  if (begin >= size || end <= begin) return {};
  return value.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

// Letters of all alphabets, one for one.
locale_t letters() {
  static const locale_t kLetters = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return kLetters;
}

char32_t cased(char32_t letter, bool upper) {
  if (letter < 0x80) {
    if (upper && letter >= 'a' && letter <= 'z') return letter - 32;
    if (!upper && letter >= 'A' && letter <= 'Z') return letter + 32;
    return letter;
  }
  if (letters() == nullptr) return letter;
  const auto wide = static_cast<wint_t>(letter);
  return static_cast<char32_t>(upper ? ::towupper_l(wide, letters()) : ::towlower_l(wide, letters()));
}

std::string with_case(std::string_view value, bool upper, bool everywhere) {
  std::string out;
  while (!value.empty()) {
    const Utf8Character character = first_character(value);
    if (character.valid)
      append_utf8(out, cased(character.value, upper));
    else
      out += value.front();
    value.remove_prefix(character.size);
    if (!everywhere) return out.append(value);
  }
  return out;
}

std::string reversed(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::size_t begin = text.size() - 1;
    while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U) --begin;
    out += text.substr(begin);
    text = text.substr(0, begin);
  }
  return out;
}

// Without its shortest or longest beginning, other than nothing, that matches.
std::string trimmed(std::string_view value, std::string_view pattern, bool longest) {
  std::size_t matched = 0;
  for (std::size_t size = value.size(); size > 0; --size) {
    const auto matches = shell_pattern_matches(pattern, value.substr(0, size));
    if (!matches) return std::string(value);
    if (!*matches) continue;
    matched = size;
    if (longest) break;
  }
  return std::string(value.substr(matched));
}

Result<std::string> trim(std::string_view value, const VariableOperation& operation) {
  if (value.size() > kLongestTrimmed_bytes)
    return fail(ErrorKind::TooLarge,
                fmt::format("a value of more than {} bytes is not matched with a pattern", kLongestTrimmed_bytes));
  const bool longest = operation.name.size() == 2;
  const std::string& pattern = operation.arguments[0];
  if (operation.name[0] == '#') return trimmed(value, pattern, longest);
  return reversed(trimmed(reversed(value), reversed(pattern), longest));
}

// Nothing to look for is found before each character, and at the end.
std::string inserted_everywhere(std::string_view value, std::string_view with) {
  std::string out(with);
  while (!value.empty()) {
    const std::size_t size = first_character(value).size;
    out.append(value.substr(0, size)).append(with);
    value.remove_prefix(size);
  }
  return out;
}

Result<std::string> replaced(std::string_view value, std::string_view what, std::string_view with, bool every) {
  if (every && (value.size() + 1) * (with.size() + 1) > kLongestExpansion_bytes && with.size() > what.size())
    return fail(ErrorKind::TooLarge, "a replacement makes too much of a value");
  if (every && what.empty()) return inserted_everywhere(value, with);
  std::string out;
  std::size_t at = 0;
  for (std::size_t found = value.find(what); found != std::string_view::npos; found = value.find(what, at)) {
    out.append(value.substr(at, found - at)).append(with);
    at = found + what.size();
    if (!every) break;
  }
  return out.append(value.substr(at));
}

Result<std::string> replace(std::string_view value, const VariableOperation& operation) {
  const std::string& what = operation.arguments[0];
  const bool with_something = operation.arguments.size() > 1;
  const std::string with = with_something ? operation.arguments[1] : std::string();
  if (operation.name == "/" || operation.name == "//") return replaced(value, what, with, operation.name == "//");
  if (!with_something) return std::string(value);
  if (operation.name == "/#")
    return value.starts_with(what) ? with + std::string(value.substr(what.size())) : std::string(value);
  return value.ends_with(what) ? std::string(value.substr(0, value.size() - what.size())) + with : std::string(value);
}

std::string joined(const std::vector<std::string>& arguments) {
  std::string all;
  for (const std::string& argument : arguments) all += argument;
  return all;
}

}  // namespace

bool brings_a_default(const VariableOperation& operation) {
  return operation.name == "=" || (operation.name.size() == 2 && operation.name[0] == ':');
}

Result<std::string> apply_operation(std::string_view value, const VariableOperation& operation) {
  if (operation.name.empty()) return std::string(value);
  if (brings_a_default(operation)) return value.empty() ? joined(operation.arguments) : std::string(value);
  switch (operation.name[0]) {
    case ':':
      return std::string(part(value, operation.arguments));
    case '#':
      if (operation.arguments.empty()) return std::to_string(value.size());
      return trim(value, operation);
    case '%':
      return trim(value, operation);
    case '/':
      return replace(value, operation);
    default:
      break;
  }
  const bool twice = operation.name.size() == 2;
  if (twice && operation.name[0] != operation.name[1]) return std::string(value);  // "^,": neither
  return with_case(value, operation.name[0] == '^', twice);
}

}  // namespace holdfast
