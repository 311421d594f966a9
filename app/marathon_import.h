// `holdfast import marathon`: apps and pods of DC/OS Marathon into Deployments, Services and claims of storage. Pure.
//
// An app with persistent volumes becomes a Deployment with claims where it is one instance, and a StatefulSet where it
// is more. What has no equivalent is told, each field by its name; an app without an image is printed as a comment.
#pragma once

#include <string>
#include <vector>

#include "app/imported.h"

namespace holdfast {

struct MarathonImportOptions {
  std::string namespace_;  // of what is made; empty: none is written
};

// Each of the values is an app, a pod, a group, a list of them, or an object with `apps` as Marathon's API answers it.
Imported import_marathon(const std::vector<json::value>& definitions, const MarathonImportOptions& options);

}  // namespace holdfast
