#include "core/merge/go_text.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "holdfast/merge/value_text.h"

namespace holdfast {
namespace {

// Shortest digits, with an exponent from a million on and below a tenthousandth.
std::string number_text(double value) {
  std::array<char, 40> buffer{};
  const double magnitude = std::abs(value);
  const bool scientific = magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e6);
  const auto format = scientific ? std::chars_format::scientific : std::chars_format::fixed;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format);
  return {buffer.data(), end.ptr};
}

std::string scalar_text(const json::value& value) {
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return std::to_string(value.get_int64());
  return number_text(value.to_number<double>());
}

std::vector<const json::key_value_pair*> sorted_members(const json::object& object) {
  std::vector<const json::key_value_pair*> members;
  for (const auto& member : object) members.push_back(&member);
  std::ranges::sort(members, {}, [](const auto* member) { return std::string_view(member->key()); });
  return members;
}

}  // namespace

std::string go_plain(const json::value& value) {
  std::string out;
  switch (value.kind()) {
    case json::kind::null:
      return "<nil>";
    case json::kind::string:
      return std::string(std::string_view(value.get_string()));
    case json::kind::array:
      for (const json::value& item : value.get_array()) out += (out.empty() ? "" : " ") + go_plain(item);
      return "[" + out + "]";
    case json::kind::object:
      for (const auto* member : sorted_members(value.get_object()))
        out +=
            fmt::format("{}{}:{}", out.empty() ? "" : " ", std::string_view(member->key()), go_plain(member->value()));
      return "map[" + out + "]";
    case json::kind::bool_:
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return scalar_text(value);
  }
  return out;
}

std::string go_literal(const json::value& value) {
  std::string out;
  switch (value.kind()) {
    case json::kind::null:
      return "interface {}(nil)";
    case json::kind::string:
      return value_text(value);
    case json::kind::array:
      for (const json::value& item : value.get_array()) out += (out.empty() ? "" : ", ") + go_literal(item);
      return "[]interface {}{" + out + "}";
    case json::kind::object:
      for (const auto* member : sorted_members(value.get_object()))
        out += fmt::format("{}{}:{}", out.empty() ? "" : ", ", value_text(json::value(member->key())),
                           go_literal(member->value()));
      return "map[string]interface {}{" + out + "}";
    case json::kind::bool_:
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return scalar_text(value);
  }
  return out;
}

std::string go_type(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "<nil>";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "[]interface {}";
    case json::kind::object:
      return "map[string]interface {}";
    case json::kind::bool_:
      return "bool";
    case json::kind::int64:
      return "int64";
    case json::kind::uint64:
    case json::kind::double_:
      return "float64";
  }
  return {};
}

}  // namespace holdfast
