// Takes out of an answer what two servers may not agree in: uids, resourceVersions, times, addresses.
#pragma once

#include <map>
#include <string>

#include "holdfast/model/json.h"

namespace holdfast::fidelity {

// One for each server. A uid, and the resourceVersion of a named object, is called after the case in which it came
// first, so that "the same as before" and "another one" are compared; those of lists and bookmarks, and times, only by
// being there.
class Normalizer {
 public:
  json::value normalize(const std::string& case_name, const json::value& answer);

 private:
  json::value walk(const json::value& value, std::string_view name);
  json::object walk_object(const json::object& object, std::string_view name);
  json::value metadata_version(const json::object& metadata, std::string_view version);
  std::string text(std::string_view text, std::string_view name);
  std::string name_of(std::map<std::string, std::string>& known, const std::string& value, const char* what);

  std::string case_name_;
  int new_ones_ = 0;  // of the case
  std::map<std::string, std::string> uids_, versions_, addresses_;
};

}  // namespace holdfast::fidelity
