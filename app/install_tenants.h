// What the daemon may do in the namespaces of tenants, where it acts for nobody but accounts that are named: be one of
// these accounts, and keep its records beside their applications. Pure.
#pragma once

#include <vector>

#include "app/options.h"
#include "holdfast/base/result.h"
#include "holdfast/model/json.h"
#include "holdfast/model/service_account.h"

namespace holdfast {

// "NAMESPACE/NAME" each. Errors: Invalid.
Result<std::vector<ServiceAccount>> parse_tenants(const std::vector<std::string>& texts);

// Roles and their bindings, of the daemon's account `daemon`; texts that cannot be parsed are passed over.
std::vector<json::object> tenant_roles(const InstallOptions& options, const ServiceAccount& daemon,
                                       const json::object& labels);

}  // namespace holdfast
