// One page of a list, read in one pass (correctness A1, A2, A15).
#pragma once

#include <string>
#include <vector>

#include "holdfast/model/object.h"
#include "holdfast/ports/live_reader.h"

namespace holdfast {

struct ListPage {
  std::vector<LivePtr> items;
  ResourceVersion resource_version;
  std::string continue_token;  // empty: the last page, even where this one holds no items
};

// `reader` sees each item; null: every body is kept. Errors: Protocol where the body is not a complete list with a
// resourceVersion, or an item is not of the group and kind of `gvk`.
Result<ListPage> parse_list_page(const std::string& body, const GroupVersionKind& gvk, LiveReader* reader = nullptr);

}  // namespace holdfast
