// Which of Marathon's apps and pods begin after which others: ids as they are written there, and what they name. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/model/json.h"

namespace holdfast {

// All that is read in one import, by id: "/shop/web" is a "Deployment", or a "StatefulSet".
class MarathonIds {
 public:
  // A definition of an app, a pod or a group, or a list of them, inside the group `around` ("" at the top).
  void add(const json::value& definition, const std::string& around);

  // "/shop/web": ids that begin otherwise are meant in the group around.
  static std::string full_id(const std::string& around, std::string_view id);
  // What `dependency` of the app `id` means: itself, or all of a group, which may be written as "../db". Each is the
  // end of a reference, "Deployment/shop-db"; empty: nothing of that name was read.
  [[nodiscard]] std::vector<std::string> named(const std::string& id, std::string_view dependency) const;

 private:
  std::map<std::string, std::string> kinds_;
};

}  // namespace holdfast
