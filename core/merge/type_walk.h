// What every walk over typed values shares: which form of its type a value takes, and what names the items of a list.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "holdfast/merge/field_set.h"
#include "holdfast/merge/schema.h"
#include "holdfast/model/json.h"

namespace holdfast {

// The forms that are open to a value: one where its kind decides, all that the type has where it is null, absent, or of
// a kind that the type does not have.
struct Forms {
  bool map = false, scalar = false, list = false;
  bool operator==(const Forms&) const = default;
};
Forms forms_of(const TypeNode& type, const json::value* value);

enum class Form : std::uint8_t { Map, Scalar, List, None };
Form first_form(const Forms& forms);
inline Form form_of(const TypeNode& type, const json::value& value) { return first_form(forms_of(type, &value)); }

// Null where the value is absent or no such container. Null is a valid map and a valid list, and like one that is
// empty.
inline const json::object* as_map(const json::value* value) { return value == nullptr ? nullptr : value->if_object(); }
inline const json::array* as_list(const json::value* value) { return value == nullptr ? nullptr : value->if_array(); }
template <class Container>
bool is_empty(const Container* container) {
  return container == nullptr || container->empty();
}

// What names an item of an associative list; the failure says why nothing does, in the server's words.
std::expected<PathElement, std::string> item_element(const ListType& list, const json::value& item);

// The names of all items of a valid list, at their positions.
std::vector<PathElement> item_elements(const ListType& list, const json::array& items);

}  // namespace holdfast
