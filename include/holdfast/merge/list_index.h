// Finds the items of a list by what identifies them: the key fields of an associative list, or the value in a set.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "holdfast/merge/field_set.h"
#include "holdfast/model/json.h"

namespace holdfast {

// Borrows the list: it must outlive the index and not change. A table is made for each combination of key fields that
// is asked for (in practice one), so that a list of n items costs n, not n squared.
class ListIndex {
 public:
  explicit ListIndex(const json::array& items) : items_(&items) {}

  // Ascending positions of every item that the element names. An item that lacks some of the key fields (a default not
  // written out, correctness C4) is named only where no item has them all, and it has at least one.
  std::vector<std::size_t> find(const PathElement& element);
  // Whether the element may name an item that find() does not tell, because items lack some of its key fields, or all
  // of them: each may stand for its default.
  bool ambiguous(const PathElement& element);

 private:
  struct Table {
    std::vector<std::string> names;  // of the key fields, sorted; empty: items by their whole value
    std::unordered_map<std::string, std::vector<std::size_t>> positions;
    std::vector<std::size_t> partial;  // items that have some of the key fields
    std::size_t bare = 0;              // items that have none
  };
  const Table& table_for(const PathElement& element);
  const json::array* items_;
  std::vector<Table> tables_;
};

// The names that identify the items of both lists, where no schema tells: the first customary combination that every
// item has, with no two items alike. Empty where there is none. For people's reports only, never for a verdict.
std::vector<std::string> guess_key_names(const json::array& a, const json::array& b);

// The element that names this item by these fields; those it lacks are left out.
PathElement key_element(const json::object& item, const std::vector<std::string>& names);

}  // namespace holdfast
