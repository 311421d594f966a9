#include "health/fields.h"

#include <cmath>
#include <limits>

namespace holdfast {
namespace {

// Null is as good as absent, as it is to Go.
const json::value* present(const json::value& root, FieldPath path) {
  const json::value* value = path.size() == 0 ? &root : find(root, path);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::optional<std::int64_t> exact_integer(const json::value& value) {
  if (const std::int64_t* number = value.if_int64()) return *number;
  if (const std::uint64_t* number = value.if_uint64();
      number != nullptr && *number <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return static_cast<std::int64_t>(*number);
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> whole_number(const json::value& value) {
  if (const auto exact = exact_integer(value)) return exact;
  const double* number = value.if_double();
  if (number == nullptr || std::trunc(*number) != *number || std::abs(*number) > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::int64_t integer_or(const json::value& object, FieldPath path, std::int64_t otherwise) {
  const json::value* value = present(object, path);
  return value == nullptr ? otherwise : exact_integer(*value).value_or(otherwise);
}

std::string_view text_or(const json::value& object, FieldPath path, std::string_view otherwise) {
  const json::value* value = present(object, path);
  if (value == nullptr || !value->is_string()) return otherwise;
  return value->get_string();
}

bool flag_or(const json::value& object, FieldPath path, bool otherwise) {
  const json::value* value = present(object, path);
  return value == nullptr || !value->is_bool() ? otherwise : value->get_bool();
}

Result<std::vector<Condition>> conditions_of(const json::value& object) {
  TypedFields fields(object);
  std::vector<Condition> conditions = fields.conditions();
  if (!fields.problem().empty()) return fail(ErrorKind::Invalid, fields.problem());
  return conditions;
}

const Condition* condition_of_type(const std::vector<Condition>& conditions, std::string_view type) {
  for (const Condition& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

void TypedFields::complain(FieldPath path, const char* expected) {
  if (!problem_.empty()) return;
  for (const std::string_view part : path) (problem_ += '.') += part;
  (problem_ += " is not ") += expected;
}

std::optional<std::int64_t> TypedFields::number(FieldPath path) {
  const json::value* value = present(*object_, path);
  if (value == nullptr) return std::nullopt;
  const std::optional<std::int64_t> number = whole_number(*value);
  if (!number) complain(path, "a whole number");
  return number;
}

std::string_view TypedFields::text(FieldPath path) { return text_in(*object_, path); }

std::string_view TypedFields::text_in(const json::value& root, FieldPath path) {
  const json::value* value = present(root, path);
  if (value == nullptr) return {};
  if (value->is_string()) return value->get_string();
  complain(path, "text");
  return {};
}

bool TypedFields::flag(FieldPath path) {
  const json::value* value = present(*object_, path);
  if (value == nullptr) return false;
  if (value->is_bool()) return value->get_bool();
  complain(path, "true or false");
  return false;
}

const json::array& TypedFields::list(FieldPath path) {
  static const json::array none;
  const json::value* value = present(*object_, path);
  if (value == nullptr) return none;
  if (value->is_array()) return value->get_array();
  complain(path, "a list");
  return none;
}

std::vector<Condition> TypedFields::conditions() {
  std::vector<Condition> conditions;
  if (const json::value* status = present(*object_, {"status"}); status != nullptr && !status->is_object())
    complain({"status"}, "an object");
  for (const json::value& item : list({"status", "conditions"})) {
    if (!item.is_object() && !item.is_null()) complain({"status", "conditions", "[]"}, "an object");
    conditions.push_back(
        {text_in(item, {"type"}), text_in(item, {"status"}), text_in(item, {"reason"}), text_in(item, {"message"})});
  }
  return conditions;
}

}  // namespace holdfast
