// YAML text to JSON values, as kubectl reads it. Structure comes from libyaml, of which the reader inside kubectl is a
// port; scalars from yaml_scalar.h. Where that reader guesses or loses something we refuse instead: a key written
// twice, keys that become the same text, content after the end of a document, !!timestamp, !!binary that is not text,
// an own tag without a value, a byte order mark inside the file, and the few slips in tags, escapes and "a:," that
// libyaml finds and its port lets through. Two things we read and that reader does not, both good YAML: the escape
// "\/", and a question mark inside an unquoted scalar of a flow list.
//
// Bounds: 64 levels, 1,000,000 nodes after aliases are expanded. Errors are Invalid or TooLarge, with `where` as
// "path:line" (lines count from 1). Pure; any thread.
#pragma once

#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"

namespace holdfast {

struct YamlDocument {
  json::value value;            // never null: empty documents are left out
  int line = 1;                 // of its first node
  std::vector<int> item_lines;  // one for each element of the list under the root's key "items"
};

Result<std::vector<YamlDocument>> parse_yaml(std::string_view text, std::string_view path);

}  // namespace holdfast
