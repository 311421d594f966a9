// Of an OpenAPI document and a value: types are read the same whatever the order of their keys, and what validates
// keeps the laws of the merge with itself.
#include "fuzz/target.h"
#include "holdfast/merge/typed_value.h"
#include "watchers/schema_machine.h"

namespace holdfast::fuzz {
namespace {

constexpr std::size_t kMostTypes = 16;  // of a document, to which the value is held

void hold_value(const json::value& value, const TypeNode& type) {
  const auto violations = validate(value, type, Duplicates::Refused);
  auto typed = TypedValue::make(value, &type, Duplicates::Refused);
  hold(typed.has_value() == violations.empty(), "a value is valid in one way only");
  if (!typed) {
    for (const Violation& violation : violations) hold(!violation.cause.empty(), "a violation without a cause");
    return;
  }
  hold(validate(value, type, Duplicates::Allowed).empty(), "valid, but not where duplicates are allowed");
  const FieldSet fields = typed->to_field_set();
  hold(typed->compare(*typed).same(), "a value differs from itself");
  const TypedValue merged = typed->merge(*typed);
  hold(equal_values(merged.value(), typed->value()),
       "merged with itself it is another value: " + to_json(typed->value()) + "\n" + to_json(merged.value()));
  hold(merged.to_field_set() == fields, "merged with itself it has other fields");
  (void)typed->remove_items(fields);
  (void)typed->extract(fields);
}

void hold_document(const json::value& document, const SchemaDocument& read, std::string_view value_text) {
  const auto again = read_schema_document(ApiResponse{200, "application/json", {}, canonical_json(document)}, "again");
  hold(again.has_value(), again ? "" : "the order of keys decides whether it can be read: " + describe(again.error()));
  hold(again->type_hashes == read.type_hashes, "the order of keys decides what a document says");
  const auto value = parse_json(value_text);
  if (!value) return;
  std::size_t types = 0;
  for (const auto& [gvk, hash] : read.type_hashes) {
    if (++types > kMostTypes) return;
    hold(!hash.empty(), "a type without a hash");
    if (const TypeNode* type = read.schema->type_of(gvk)) hold_value(*value, *type);
  }
  const json::value* definitions = find(document, {"components", "schemas"});
  if (definitions == nullptr || !definitions->is_object()) return;
  for (const auto& member : definitions->get_object()) {
    if (++types > kMostTypes) return;
    if (const TypeNode* type = read.schema->type_named(member.key())) hold_value(*value, *type);
  }
}

}  // namespace

void run_openapi(std::string_view bytes) {
  const auto parts = split(bytes, 2);
  const auto read = read_schema_document(ApiResponse{200, "application/json", {}, std::string(parts[0])}, "a document");
  const auto document = parse_json(parts[0]);
  if (!read) {
    hold(!read.error().message.empty(), "refused without a word");
    return;
  }
  hold(document.has_value(), "a document that is no JSON was understood");
  hold_document(*document, *read, parts[1]);
}

}  // namespace holdfast::fuzz
