#include "engine/fixpoint.h"

#include <algorithm>

#include "engine/apply_order.h"
#include "holdfast/merge/typed_value.h"

namespace holdfast {
namespace {

bool has_all(const json::value& item, const json::object& scalars) {
  const json::object* object = item.if_object();
  return object != nullptr && std::ranges::all_of(scalars, [&](const auto& scalar) {
           const json::value* value = object->if_contains(scalar.key());
           return value != nullptr && equal_values(*value, scalar.value());
         });
}

bool shows(const EmptyPaths& empties, const json::value* live) {
  if (empties.holds == EmptyPaths::Holds::EmptyContainer)
    return live != nullptr && (live->is_array() || (live->is_object() && !holds_traceless(*live)));
  if (empties.holds == EmptyPaths::Holds::Null)
    return live != nullptr && (!live->is_object() || !holds_traceless(*live));
  const json::object* object = live == nullptr ? nullptr : live->if_object();
  for (const auto& [name, below] : empties.fields)
    if (!shows(below, object == nullptr ? nullptr : object->if_contains(name))) return false;
  const json::array* list = live == nullptr ? nullptr : live->if_array();
  for (std::size_t i = 0; i < empties.items.size(); ++i) {
    if (list == nullptr) return false;
    if (empties.items[i].holds != EmptyPaths::Holds::Something) return false;  // {} as an item: which one, nobody says
    // Which item it is need not be known: one too many costs a call.
    const auto same = [&](const json::value& item) { return has_all(item, empties.item_scalars[i].get_object()); };
    const auto found = std::ranges::find_if(*list, same);
    if (found == list->end() || !shows(empties.items[i], &*found)) return false;
  }
  return true;
}

}  // namespace

bool has_settled(const Desired& desired, const json::value& answered) {
  return is_builtin_group(desired.resource.gvk.group) || shows(desired.empties, &answered);
}

}  // namespace holdfast
