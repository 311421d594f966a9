// What a new configuration asks for, beside what is held. Pure.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "holdfast/model/application.h"

namespace holdfast {

using ApplicationName = std::pair<std::string, std::string>;  // namespace of the inventory, name

struct ConfigChanges {
  std::vector<Application> hold;           // new, or other than what is held under its name
  std::vector<ApplicationName> let_go;     // gone, or suspended: their objects stay
  std::vector<ApplicationName> end;        // gone, and their objects are to go as well
  std::vector<ApplicationName> suspended;  // all that are, held before or not
};

ApplicationName name_of(const Application& application, const std::string& own_namespace);

// `held`: each as it was written when it was set up. Where a document stands in its file makes no difference.
ConfigChanges changes_between(const std::map<ApplicationName, Application>& held, const std::vector<Application>& next,
                              const std::string& own_namespace);

}  // namespace holdfast
