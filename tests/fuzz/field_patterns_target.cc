// A pattern that was copied from a report covers the field that the report named.
#include <algorithm>

#include "fuzz/target.h"
#include "holdfast/merge/field_pattern.h"

namespace holdfast::fuzz {
namespace {

void hold_pattern(const FieldPattern& pattern, const FieldSet& fields) {
  const auto again = FieldPattern::parse(pattern.text());
  hold(again && *again == pattern, "a pattern is read as another one: " + pattern.text());
  fields.for_each([&](const FieldPath& path) {
    hold(!pattern.covers(path) || !pattern.reaches_below(path), "it covers a field and names something below it");
    FieldPath deeper = path;
    deeper.push_back(PathElement::field("deeper"));
    if (pattern.covers(path)) hold(pattern.covers(deeper), "what is below a covered field is not covered");
  });
}

// Positions are refused, no list of Kubernetes has lists or objects for names of its items, and brackets are no part of
// a name but where it is written as ["name"].
bool may_be_copied(const PathElement& element) {
  switch (element.kind()) {
    case PathElement::Kind::Field:
      return element.text().find_first_of("[]") == std::string::npos;
    case PathElement::Kind::Index:
      return false;
    case PathElement::Kind::Value:
      return !element.member().is_structured();
    case PathElement::Kind::Key:
      return std::ranges::none_of(element.key_fields(), [](const auto& field) {
        return field.value().is_structured() ||
               std::string_view(field.key()).find_first_of("=,[]\"") != std::string_view::npos;
      });
  }
  return false;
}

void hold_copy(const FieldPath& path) {
  const std::string text = to_string(path);
  const auto copied = FieldPattern::parse(text);
  if (!copied) return;  // longer than a pattern may be, positions, names with "*"
  hold(copied->covers(path), "a path that was copied from a report covers another field: " + text);
  FieldPath above(path.begin(), path.end() - 1);
  if (!above.empty() && !copied->covers(above))
    hold(copied->reaches_below(above), "a path does not lead through what is above it: " + text);
}

}  // namespace

// A pattern, and a set of fields.
void run_field_patterns(std::string_view bytes) {
  const auto parts = split(bytes, 2);
  const auto json = parse_json(parts[1]);
  const auto fields = json ? FieldSet::parse(*json) : std::unexpected(json.error());
  const auto pattern = FieldPattern::parse(parts[0]);
  if (!pattern) hold(!pattern.error().message.empty(), "refused without a word");
  if (pattern) hold_pattern(*pattern, fields ? *fields : FieldSet());
  if (!fields) return;
  fields->for_each([](const FieldPath& path) {
    if (std::ranges::all_of(path, may_be_copied)) hold_copy(path);
  });
}

}  // namespace holdfast::fuzz
