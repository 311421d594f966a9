// What several applications say about one another. Internal to sources/. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/model/application.h"

namespace holdfast {

struct ReadApplication {
  Application application;
  std::map<std::string, std::string> dependency_places;  // name -> "file:line"
};

// Two of one name in a namespace; and where `complete`, dependencies that are not there, and cycles of them (otherwise
// what is missing may be among what could not be read). `own_namespace` is that of applications that name none.
std::vector<Error> check_together(const std::vector<ReadApplication>& applications, const std::string& own_namespace,
                                  bool complete);

}  // namespace holdfast
