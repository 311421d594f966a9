#include "app/yaml_text.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace holdfast {
namespace {

// Letters first, then only what nobody could take for a number, a date, a marker or a comment.
bool is_plain(std::string_view text) {
  static constexpr std::string_view kWords[] = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"};
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  if (text.empty() || !letter(text.front())) return false;
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (std::ranges::find(kWords, lower) != std::end(kWords)) return false;
  return std::ranges::all_of(text, [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '/';
  });
}

std::string scalar(const json::value& value) {
  const json::string* text = value.if_string();
  return text != nullptr && is_plain(*text) ? std::string(std::string_view(*text)) : to_json(value);
}

bool is_block(const json::value& value) {
  return (value.is_object() && !value.get_object().empty()) || (value.is_array() && !value.get_array().empty());
}

// `out` is at the place where the value begins; what follows on further lines is indented so far.
void write(const json::value& value, std::size_t indent, std::string& out) {
  const std::string margin(indent, ' ');
  bool first = true;
  const auto begin_line = [&] {
    if (!std::exchange(first, false)) out += margin;
  };
  if (const json::object* object = value.if_object(); object != nullptr && !object->empty()) {
    for (const auto& [name, member] : *object) {
      begin_line();
      out += scalar(json::value(name)) + ":";
      if (!is_block(member)) {
        out += " " + scalar(member) + "\n";
        continue;
      }
      const std::size_t below = member.is_object() ? indent + 2 : indent;
      out += "\n" + std::string(below, ' ');
      write(member, below, out);
    }
  } else if (const json::array* list = value.if_array(); list != nullptr && !list->empty()) {
    for (const json::value& item : *list) {
      begin_line();
      out += "- ";
      if (is_block(item))
        write(item, indent + 2, out);
      else
        out += scalar(item) + "\n";
    }
  } else {
    out += scalar(value) + "\n";
  }
}

}  // namespace

std::string yaml_text(const json::value& value) {
  std::string out;
  write(value, 0, out);
  return out;
}

}  // namespace holdfast
