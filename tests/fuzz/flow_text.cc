#include "fuzz/flow_text.h"

#include <spdlog/fmt/fmt.h>

#include <cstdint>
#include <string_view>

namespace holdfast::fuzz {
namespace {

// The character at the front of well-formed UTF-8, which is taken off.
std::uint32_t take_character(std::string_view& text) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at])); };
  const std::uint32_t lead = byte(0);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  std::uint32_t character = length == 1 ? lead : lead & (0xFFU >> (length + 1));
  for (std::size_t at = 1; at < length; ++at) character = character << 6U | (byte(at) & 0x3FU);
  text.remove_prefix(length);
  return character;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::uint32_t character = take_character(text);
    if (character == '"' || character == '\\')
      out += fmt::format("\\{}", static_cast<char>(character));
    else if (character >= 0x20 && character < 0x7F)
      out += static_cast<char>(character);
    else if (character <= 0xFFFF)
      out += fmt::format("\\u{:04X}", character);
    else  // JSON has no escape for it but two halves, which YAML refuses
      out += fmt::format("{}", std::string_view(text.data() - 4, 4));
  }
  return out + "\"";
}

// YAML wants a question mark before a long key.
std::string key_text(std::string_view key) {
  constexpr std::size_t kLongestPlainKey = 1000;
  const std::string text = quoted(key);
  return text.size() > kLongestPlainKey ? "? " + text + " " : text;
}

}  // namespace

std::string flow_text(const json::value& value) {
  std::string out;
  if (const json::object* object = value.if_object()) {
    for (const auto& member : *object)
      out += (out.empty() ? "" : ", ") + key_text(member.key()) + ": " + flow_text(member.value());
    return "{" + out + "}";
  }
  if (const json::array* list = value.if_array()) {
    for (const json::value& item : *list) out += (out.empty() ? "" : ", ") + flow_text(item);
    return "[" + out + "]";
  }
  if (const json::string* text = value.if_string()) return quoted(*text);
  return to_json(value);
}

}  // namespace holdfast::fuzz
