// What a look at an ApplicationSet would come to, beside what is there: for `holdfast previews`. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "holdfast/model/json.h"
#include "sources/set_expansion.h"

namespace holdfast {

struct SetPreviewRow {
  std::string application, namespace_, element;
  std::string what;  // "there", "would be made", "would be changed", "would go", or why it is left out
  bool changes = false;
};

// `live`: the Applications of the set's namespace that there are, by name.
std::vector<SetPreviewRow> set_preview(const ApplicationSet& set, const Expansion& expansion,
                                       const std::map<std::string, json::value>& live);

}  // namespace holdfast
