// Rules of roles, as `holdfast install` prints them. Pure.
#pragma once

#include <initializer_list>
#include <string_view>

#include "holdfast/model/json.h"

namespace holdfast {

using Words = std::initializer_list<std::string_view>;

inline json::array words(const Words& list) {
  json::array made;
  for (const std::string_view word : list) made.emplace_back(word);
  return made;
}

inline json::object access_rule(Words groups, Words resources, Words verbs) {
  return {{"apiGroups", words(groups)}, {"resources", words(resources)}, {"verbs", words(verbs)}};
}

}  // namespace holdfast
