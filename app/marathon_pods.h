// Pods of DC/OS Marathon, several containers that are scheduled together, into a Deployment and a Service. Pure.
//
// Storage that stays becomes one claim for a pod of one instance; of several it has no equivalent that keeps them
// apart, which is told.
#pragma once

#include <string>
#include <vector>

#include "app/imported.h"

namespace holdfast {

// `pod`: all of the definition but its id. The notes are of the first document.
std::vector<ImportedDocument> import_marathon_pod(ForeignFields& pod, const std::string& id,
                                                  const std::string& namespace_);

}  // namespace holdfast
