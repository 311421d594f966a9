// Sets one field of one object in the text of a YAML file, and changes nothing else of it: comments, order and spelling
// stay. What was made is read again and compared, so that no edit says anything but what was meant. Pure.
#pragma once

#include <string>
#include <string_view>

#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "sources/field_address.h"

namespace holdfast {

struct YamlField {
  std::string kind, name;  // of the object; one of the file's documents
  FieldAddress address;
  json::value value;
};

// The new text. NotFound: the file has no such object, or more than one. Invalid: the field cannot be set so (an alias,
// a template); it says where to do it by hand.
Result<std::string> edit_yaml(const std::string& text, const std::string& path, const YamlField& field);

}  // namespace holdfast
