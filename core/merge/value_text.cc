#include "holdfast/merge/value_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace holdfast {
namespace {

void append_string(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out += "\\u00";
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 15U]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_double(double value, std::string& out) {
  static constexpr double kTwo63 = 9223372036854775808.0;
  const auto back = std::back_inserter(out);
  if (std::trunc(value) == value && value >= -kTwo63 && value < kTwo63) {
    fmt::format_to(back, "{}", static_cast<std::int64_t>(value));
  } else if (std::trunc(value) == value && value >= 0 && value < 2 * kTwo63) {
    fmt::format_to(back, "{}", static_cast<std::uint64_t>(value));
  } else {
    fmt::format_to(back, "{:.17g}", value);
  }
}

void append_array(const json::array& items, std::string& out) {
  out.push_back('[');
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i != 0) out.push_back(',');
    append_value_text(items[i], out);
  }
  out.push_back(']');
}

}  // namespace

void append_value_text(const json::object& value, std::string& out) {
  std::vector<const json::key_value_pair*> members;
  members.reserve(value.size());
  for (const auto& member : value) members.push_back(&member);
  std::ranges::sort(members, {}, [](const auto* member) { return std::string_view(member->key()); });
  out.push_back('{');
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i != 0) out.push_back(',');
    append_string(members[i]->key(), out);
    out.push_back(':');
    append_value_text(members[i]->value(), out);
  }
  out.push_back('}');
}

void append_value_text(const json::value& value, std::string& out) {
  const auto back = std::back_inserter(out);
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      return;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::int64:
      fmt::format_to(back, "{}", value.get_int64());
      return;
    case json::kind::uint64:
      fmt::format_to(back, "{}", value.get_uint64());
      return;
    case json::kind::double_:
      append_double(value.get_double(), out);
      return;
    case json::kind::string:
      append_string(value.get_string(), out);
      return;
    case json::kind::array:
      append_array(value.get_array(), out);
      return;
    case json::kind::object:
      append_value_text(value.get_object(), out);
      return;
  }
}

std::string value_text(const json::value& value) {
  std::string out;
  append_value_text(value, out);
  return out;
}

std::string value_text(const json::object& value) {
  std::string out;
  append_value_text(value, out);
  return out;
}

}  // namespace holdfast
