#include "app/object_query.h"

#include <utility>

namespace holdfast {
namespace {

// As kubectl has them; discovery's catalog does not keep short names.
constexpr std::pair<std::string_view, std::string_view> kShortNames[] = {{"cj", "cronjob"},
                                                                         {"cm", "configmap"},
                                                                         {"crd", "customresourcedefinition"},
                                                                         {"crds", "customresourcedefinition"},
                                                                         {"deploy", "deployment"},
                                                                         {"ds", "daemonset"},
                                                                         {"ep", "endpoints"},
                                                                         {"hpa", "horizontalpodautoscaler"},
                                                                         {"ing", "ingress"},
                                                                         {"limits", "limitrange"},
                                                                         {"netpol", "networkpolicy"},
                                                                         {"no", "node"},
                                                                         {"ns", "namespace"},
                                                                         {"pc", "priorityclass"},
                                                                         {"pdb", "poddisruptionbudget"},
                                                                         {"po", "pod"},
                                                                         {"pv", "persistentvolume"},
                                                                         {"pvc", "persistentvolumeclaim"},
                                                                         {"quota", "resourcequota"},
                                                                         {"rs", "replicaset"},
                                                                         {"sa", "serviceaccount"},
                                                                         {"sc", "storageclass"},
                                                                         {"sts", "statefulset"},
                                                                         {"svc", "service"}};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_field(std::string_view word) { return word.starts_with('.') || word.starts_with('/'); }

bool is_builtin(const GroupKind& type) { return !type.group.contains('.') || type.group.ends_with(".k8s.io"); }

}  // namespace

Result<ObjectQuery> parse_object_query(const std::vector<std::string>& words) {
  const auto refused = [](std::string message) {
    return fail(ErrorKind::Invalid, std::move(message), {},
                "write KIND/NAME or KIND NAME, and then a field where only that is asked for: deployment/web "
                ".spec.replicas");
  };
  if (words.empty()) return refused("which object?");
  ObjectQuery query;
  std::size_t next = 1;
  if (const std::size_t slash = words[0].find('/'); slash != std::string::npos) {
    query.kind = words[0].substr(0, slash);
    query.name = words[0].substr(slash + 1);
  } else {
    query.kind = words[0];
    if (words.size() < 2 || is_field(words[1])) return refused("which " + query.kind + "?");
    query.name = words[next++];
  }
  if (query.kind.empty() || query.name.empty() || query.name.contains('/'))
    return refused(words[0] + " names no object");
  if (words.size() > next) query.field = words[next++];
  if (!query.field.empty() && !is_field(query.field)) return refused(query.field + " is no path of a field");
  if (words.size() > next) return refused("one field at a time, not " + words[next] + " besides");
  return query;
}

std::vector<const ApiResource*> find_types(const ApiCatalog& catalog, std::string_view kind) {
  const std::size_t dot = kind.find('.');
  std::string name = lower(kind.substr(0, dot));
  const std::string group = dot == std::string_view::npos ? std::string() : lower(kind.substr(dot + 1));
  for (const auto& [shorter, full] : kShortNames)
    if (name == shorter) name = full;
  std::vector<const ApiResource*> found, others;
  for (const auto& [type, version] : catalog.preferred) {
    const ApiResource* const resource = catalog.find(type);
    if (resource == nullptr || (lower(type.kind) != name && lower(resource->plural) != name)) continue;
    // kubectl also writes the version between the two: deployments.v1.apps.
    if (!group.empty() && group != type.group && group != version + "." + type.group) continue;
    (is_builtin(type) ? found : others).push_back(resource);
  }
  found.insert(found.end(), others.begin(), others.end());
  return found;
}

}  // namespace holdfast
