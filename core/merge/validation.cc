#include <spdlog/fmt/fmt.h>

#include <unordered_set>

#include "core/merge/go_text.h"
#include "core/merge/type_walk.h"
#include "holdfast/merge/typed_value.h"

namespace holdfast {
namespace {

class Validator {
 public:
  explicit Validator(Duplicates duplicates) : duplicates_(duplicates) {}

  void check(const json::value& value, const TypeNode& type) {
    switch (form_of(type, value)) {
      case Form::Map:
        return check_map(value, *type.map);
      case Form::Scalar:
        return check_scalar(value, *type.scalar);
      case Form::List:
        return check_list(value, *type.list);
      case Form::None:
        return report("schema error: no type found matching: " + type.name);
    }
  }

  std::vector<Violation> take() { return std::move(violations_); }

 private:
  void report(std::string cause) { violations_.push_back({to_string(path_), std::move(cause)}); }

  void below(PathElement element, const json::value& value, const TypeNode& type) {
    path_.push_back(std::move(element));
    check(value, type);
    path_.pop_back();
  }

  void check_map(const json::value& value, const MapType& type) {
    if (value.is_null()) return;
    const json::object* object = value.if_object();
    if (object == nullptr) return report("expected map, got &{" + go_plain(value) + "}");
    for (const auto& [name, member] : *object) {
      const TypeNode* member_type = type.type_of_key(name);
      if (member_type != nullptr) {
        below(PathElement::field(name), member, *member_type);
        continue;
      }
      path_.push_back(PathElement::field(name));
      report("field not declared in schema");
      path_.pop_back();
    }
  }

  void check_scalar(const json::value& value, ScalarType type) {
    if (value.is_null()) return;
    switch (type) {
      case ScalarType::Numeric:
        if (!value.is_number()) report("expected numeric (int or float), got " + go_type(value));
        return;
      case ScalarType::String:
        if (!value.is_string())
          report("expected string, got &value.valueUnstructured{Value:" + go_literal(value) + "}");
        return;
      case ScalarType::Boolean:
        if (!value.is_bool()) report("expected boolean, got &{" + go_plain(value) + "}");
        return;
      case ScalarType::Untyped:
        if (value.is_structured()) report("expected any scalar, got &{" + go_plain(value) + "}");
        return;
    }
  }

  void check_list(const json::value& value, const ListType& type) {
    if (value.is_null()) return;
    const json::array* items = value.if_array();
    if (items == nullptr) return report("expected list, got &{" + go_plain(value) + "}");
    if (type.relation == ListRelation::Associative) return check_associative(*items, type);
    for (std::size_t i = 0; i < items->size(); ++i) below(PathElement::index(i), (*items)[i], *type.element);
  }

  void check_associative(const json::array& items, const ListType& type) {
    std::unordered_set<std::string> seen;
    for (std::size_t i = 0; i < items.size(); ++i) {
      auto element = item_element(type, items[i]);
      if (!element) return report(fmt::format("element {}: {}", i, element.error()));
      if (!seen.insert(element->text()).second && duplicates_ == Duplicates::Refused)
        report("duplicate entries for key " + to_string(FieldPath{*element}));
      below(std::move(*element), items[i], *type.element);
    }
  }

  Duplicates duplicates_;
  FieldPath path_;
  std::vector<Violation> violations_;
};

}  // namespace

std::string to_string(const std::vector<Violation>& violations) {
  std::string out = violations.size() > 1 ? "errors:" : "";
  for (const Violation& violation : violations) {
    if (violations.size() > 1) out += "\n  ";
    if (!violation.path.empty()) out += violation.path + ": ";
    out += violation.cause;
  }
  return out;
}

std::vector<Violation> validate(const json::value& value, const TypeNode& type, Duplicates duplicates) {
  Validator validator(duplicates);
  validator.check(value, type);
  return validator.take();
}

std::expected<TypedValue, std::vector<Violation>> TypedValue::make(json::value value, const TypeNode* type,
                                                                   Duplicates duplicates) {
  auto violations = validate(value, *type, duplicates);
  if (!violations.empty()) return std::unexpected(std::move(violations));
  return TypedValue(std::move(value), type);
}

}  // namespace holdfast
