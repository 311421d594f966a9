// Sets of fields are sets: the laws of their operations, on two that were read, and what is written is read again.
#include "fuzz/target.h"
#include "holdfast/merge/managed_fields.h"

namespace holdfast::fuzz {
namespace {

FieldSet together(const FieldSet& a, const FieldSet& b) {
  FieldSet sum = a;
  sum.insert_all(b);
  return sum;
}

void hold_round_trip(const FieldSet& set) {
  const std::string text = set.serialize();
  const auto json = parse_json(text);
  hold(json.has_value(), "a set is written as no JSON: " + text);
  const auto again = FieldSet::parse(*json);
  hold(again.has_value(), again ? "" : "its own text is refused: " + describe(again.error()) + "\n" + text);
  hold(*again == set && again->serialize() == text, "its own text is read as another set: " + text);
}

void hold_members(const FieldSet& set) {
  FieldSet built;
  set.for_each([&](const FieldPath& path) {
    hold(set.contains(path) && set.covers(path), "a member is not in it: " + to_string(path));
    for (const PathElement& element : path) {
      const auto again = PathElement::parse(element.prefixed_text());
      hold(again && *again == element, "a path element is read as another one: " + element.prefixed_text());
    }
    built.insert(path);
  });
  hold(built == set, "its members make another set");
  set.leaves().for_each([&](const FieldPath& path) { hold(set.contains(path), "a leaf is no member"); });
}

void hold_laws(const FieldSet& a, const FieldSet& b) {
  const FieldSet both = a.intersection(b), rest = a.difference(b);
  hold(both == b.intersection(a), "a∩b is not b∩a");
  hold(together(rest, both) == a, "(a-b)∪(a∩b) is not a");
  hold(rest.intersection(b).empty(), "a-b has members of b");
  hold(together(a, b) == together(b, a), "a∪b is not b∪a");
  hold(together(a, b).difference(b) == rest, "(a∪b)-b is not a-b");
  hold(a.difference(a).empty() && a.intersection(a) == a, "a and a differ");
  const FieldSet recursive = a.recursive_difference(b);
  hold(recursive.difference(rest).empty(), "the recursive difference is no part of the difference");
  recursive.for_each([&](const FieldPath& path) {
    for (std::size_t length = 1; length <= path.size(); ++length)
      hold(!b.contains(FieldPath(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(length))),
           "the recursive difference has what is below a member of b");
  });
}

void look_at_object(const json::value& body) {
  const auto entries = parse_managed_fields(body);
  const FieldManager manager{"holdfast"};
  const auto ours = find_applied_entry(body, manager);
  if (!entries) return;
  hold(ours.has_value(), "one entry cannot be read, all of them can");
  const ManagedFieldsEntry* found = find_apply_entry(*entries, manager);
  hold((found != nullptr) == ours->has_value(), "our entry is found in one way only");
  if (found != nullptr) hold(found->fields == (*ours)->fields, "our entry is read in two ways");
}

}  // namespace

// Two sets, or an object (and nothing).
void run_managed_fields(std::string_view bytes) {
  const auto parts = split(bytes, 2);
  const auto first = parse_json(parts[0]);
  if (!first) return;
  look_at_object(*first);
  const auto a = FieldSet::parse(*first);
  if (!a) return;
  hold_round_trip(*a);
  hold_members(*a);
  const auto second = parse_json(parts[1]);
  const auto b = second ? FieldSet::parse(*second) : std::unexpected(second.error());
  if (!b) return;
  hold_laws(*a, *b);
  hold_laws(*b, *a);
  hold_round_trip(together(*a, *b));
  hold_round_trip(a->recursive_difference(*b));
}

}  // namespace holdfast::fuzz
