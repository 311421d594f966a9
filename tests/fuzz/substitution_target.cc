// Variables: what has none stays as it is, a strict result is also the one that is not strict, and no error tells a
// value. An object is the same when it was written as YAML on the way.
#include "fuzz/flow_text.h"
#include "fuzz/target.h"
#include "sources/substitution.h"
#include "sources/yaml_document.h"
#include "sources/yaml_writer.h"

namespace holdfast::fuzz {
namespace {

constexpr std::string_view kCanary = "canary4711";

VariableValues values() {
  VariableValues made;
  made.emplace("a", variable_value("x"));
  made.emplace("secret", variable_value(kCanary));
  made.emplace("empty", variable_value(""));
  made.emplace("number", variable_value("80"));
  made.emplace("nested_1", variable_value("${a}"));
  return made;
}

void hold_error(const Error& error, std::string_view text) {
  hold(!error.message.empty(), "refused without a word");
  hold(text.contains(kCanary) || !describe(error).contains(kCanary), "an error tells a value: " + describe(error));
}

void hold_text(std::string_view text) {
  const auto plain = expand_variables(text, values(), false);
  const auto strict = expand_variables(text, values(), true);
  if (!plain) hold_error(plain.error(), text);
  if (!strict) hold_error(strict.error(), text);
  if (strict) hold(plain.has_value() && *plain == *strict, "being strict makes another text");
  if (!text.contains('$')) hold(plain && *plain == text, "a text without variables is another one");
  if (plain) hold(plain->size() <= kLongestExpansion_bytes, "a text without end");
}

void hold_object(const json::value& object) {
  const std::string yaml = write_yaml(object);
  const auto documents = parse_yaml(yaml, "written");
  hold(documents.has_value(), documents ? "" : "its own YAML is refused: " + describe(documents.error()) + "\n" + yaml);
  hold(documents->size() == 1 && canonical_json(documents->front().value) == canonical_json(object),
       "its own YAML is read as another value: " + yaml);
  const auto filled = substitute(object, values(), false);
  if (!filled) return hold_error(filled.error(), yaml);
  if (!yaml.contains('$'))
    hold(canonical_json(*filled) == canonical_json(object), "an object without variables is another one");
}

// In the range of what YAML has: as a manifest that was read.
std::optional<json::value> read_object(std::string_view text) {
  const auto documents = parse_yaml(text, "read");
  if (!documents || documents->size() != 1 || !documents->front().value.is_object()) return std::nullopt;
  return documents->front().value;
}

}  // namespace

void run_substitution(std::string_view bytes) {
  hold_text(bytes);
  if (const auto object = read_object(bytes)) hold_object(*object);
}

}  // namespace holdfast::fuzz
