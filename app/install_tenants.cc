#include "app/install_tenants.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "app/access_rules.h"
#include "holdfast/model/label.h"

namespace holdfast {
namespace {

Result<ServiceAccount> parse_tenant(const std::string& text) {
  const std::size_t slash = text.find('/');
  ServiceAccount account{text.substr(0, slash), slash == std::string::npos ? "" : text.substr(slash + 1)};
  const bool good = dns_label_problem(account.namespace_, kLongestDnsLabel).empty() &&
                    dns_subdomain_problem(account.name).empty() && !account.name.empty();
  if (good) return account;
  return fail(ErrorKind::Invalid, "\"" + text + "\" names no ServiceAccount", "--tenant",
              "write NAMESPACE/NAME, as in team-a/deployer");
}

class TenantRoles {
 public:
  TenantRoles(const InstallOptions& options, const ServiceAccount& daemon, const json::object& labels)
      : options_(options), daemon_(daemon), labels_(labels) {}

  void add(const std::string& namespace_, std::string_view of, json::array rules) {
    const std::string name = options_.installation + "-" + std::string(of);
    json::object metadata{{"name", name}, {"namespace", namespace_}, {"labels", labels_}};
    made_.push_back({{"apiVersion", "rbac.authorization.k8s.io/v1"},
                     {"kind", "Role"},
                     {"metadata", metadata},
                     {"rules", std::move(rules)}});
    made_.push_back(
        {{"apiVersion", "rbac.authorization.k8s.io/v1"},
         {"kind", "RoleBinding"},
         {"metadata", std::move(metadata)},
         {"roleRef", {{"apiGroup", "rbac.authorization.k8s.io"}, {"kind", "Role"}, {"name", name}}},
         {"subjects",
          json::array{{{"kind", "ServiceAccount"}, {"name", daemon_.name}, {"namespace", daemon_.namespace_}}}}});
  }
  std::vector<json::object> take() { return std::move(made_); }

 private:
  const InstallOptions& options_;
  const ServiceAccount& daemon_;
  const json::object& labels_;
  std::vector<json::object> made_;
};

}  // namespace

Result<std::vector<ServiceAccount>> parse_tenants(const std::vector<std::string>& texts) {
  std::vector<ServiceAccount> accounts;
  for (const std::string& text : texts) {
    Result<ServiceAccount> account = parse_tenant(text);
    if (!account) return std::unexpected(std::move(account.error()));
    accounts.push_back(std::move(*account));
  }
  return accounts;
}

std::vector<json::object> tenant_roles(const InstallOptions& options, const ServiceAccount& daemon,
                                       const json::object& labels) {
  std::map<std::string, std::set<std::string>> accounts;  // by namespace
  for (const std::string& text : options.tenants)
    if (const auto account = parse_tenant(text)) accounts[account->namespace_].insert(account->name);
  TenantRoles roles(options, daemon, labels);
  for (const auto& [namespace_, names] : accounts) {
    json::object impersonation = access_rule({""}, {"serviceaccounts"}, {"impersonate"});
    json::array& allowed = (impersonation["resourceNames"] = json::array()).get_array();
    for (const std::string& name : names) allowed.emplace_back(name);
    roles.add(namespace_, "impersonate", {std::move(impersonation)});
    // Inventories, what was learned and the key that seals it, approvals.
    roles.add(namespace_, "records",
              {access_rule({""}, {"configmaps", "secrets"}, {"create", "update", "patch", "delete"})});
  }
  return roles.take();
}

}  // namespace holdfast
