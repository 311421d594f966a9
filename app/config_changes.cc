#include "app/config_changes.h"

#include <set>

namespace holdfast {
namespace {

bool same(Application a, const Application& b) {
  a.origin = b.origin;
  return a == b;
}

}  // namespace

ApplicationName name_of(const Application& application, const std::string& own_namespace) {
  return {application.namespace_.empty() ? own_namespace : application.namespace_, application.name};
}

ConfigChanges changes_between(const std::map<ApplicationName, Application>& held, const std::vector<Application>& next,
                              const std::string& own_namespace) {
  ConfigChanges changes;
  std::set<ApplicationName> named;
  for (const Application& application : next) {
    const ApplicationName name = name_of(application, own_namespace);
    named.insert(name);
    const auto found = held.find(name);
    if (application.suspend) {
      changes.suspended.push_back(name);
      if (found != held.end()) changes.let_go.push_back(name);
    } else if (found == held.end() || !same(application, found->second)) {
      changes.hold.push_back(application);
    }
  }
  for (const auto& [name, application] : held) {
    if (named.contains(name)) continue;
    auto& into = application.deletion_policy == DeletionPolicy::Prune ? changes.end : changes.let_go;
    into.push_back(name);
  }
  return changes;
}

}  // namespace holdfast
