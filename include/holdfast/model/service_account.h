// An account of the cluster that an application acts as.
#pragma once

#include <compare>
#include <string>

namespace holdfast {

struct ServiceAccount {
  std::string namespace_, name;
  auto operator<=>(const ServiceAccount&) const = default;
};

// As the API server knows it. It is in the groups system:serviceaccounts, system:serviceaccounts:NAMESPACE and
// system:authenticated by that name alone (correctness B6): to name them as well would take the right to be any of
// them.
inline std::string user_name(const ServiceAccount& account) {
  return "system:serviceaccount:" + account.namespace_ + ":" + account.name;
}
inline std::string to_string(const ServiceAccount& account) { return account.namespace_ + "/" + account.name; }

}  // namespace holdfast
