// Short words for the fields of our definitions, of which their tables are made (application_fields.h has what each
// part of a field means). For those tables alone: `using namespace field_makers`.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sources/application_fields.h"

namespace holdfast::field_makers {

using Field = ApplicationField;

inline constexpr std::int64_t kMostGenerations = 9'007'199'254'740'991;  // that JSON has exactly everywhere

constexpr Field text(std::string_view name, std::string_view meaning, std::string_view fallback = {}) {
  return Field{.name = name, .type = FieldKind::Text, .meaning = meaning, .fallback = fallback};
}
constexpr Field required_text(std::string_view name, std::string_view meaning) {
  return Field{.name = name, .type = FieldKind::Text, .meaning = meaning, .required = true};
}
constexpr Field texts(std::string_view name, std::string_view meaning, FieldKind type = FieldKind::TextList,
                      bool required = false) {
  return Field{.name = name, .type = type, .meaning = meaning, .required = required};
}
constexpr Field flag(std::string_view name, std::string_view meaning, std::string_view fallback) {
  return Field{.name = name, .type = FieldKind::Boolean, .meaning = meaning, .fallback = fallback};
}
constexpr Field duration(std::string_view name, std::string_view meaning, std::string_view fallback,
                         std::int64_t least_s, std::int64_t most_s) {
  return Field{.name = name,
               .type = FieldKind::Duration,
               .meaning = meaning,
               .fallback = fallback,
               .least = least_s,
               .most = most_s};
}
constexpr Field number(std::string_view name, std::string_view meaning, std::string_view fallback, std::int64_t most) {
  return Field{.name = name, .type = FieldKind::Integer, .meaning = meaning, .fallback = fallback, .most = most};
}
constexpr Field number(std::string_view name, std::string_view meaning, std::int64_t most) {
  return number(name, meaning, {}, most);
}
constexpr Field choice(std::string_view name, std::string_view meaning, std::string_view fallback,
                       std::span<const std::string_view> choices) {
  return Field{.name = name, .type = FieldKind::Choice, .meaning = meaning, .fallback = fallback, .choices = choices};
}
constexpr Field required_choice(std::string_view name, std::string_view meaning,
                                std::span<const std::string_view> choices) {
  return Field{.name = name, .type = FieldKind::Choice, .meaning = meaning, .required = true, .choices = choices};
}
constexpr Field object(std::string_view name, std::string_view meaning, std::span<const Field> fields,
                       bool required = false) {
  return Field{.name = name, .type = FieldKind::Object, .meaning = meaning, .required = required, .fields = fields};
}
constexpr Field objects(std::string_view name, std::string_view meaning, std::span<const Field> fields,
                        bool required = false) {
  return Field{.name = name, .type = FieldKind::ObjectList, .meaning = meaning, .required = required, .fields = fields};
}

}  // namespace holdfast::field_makers
