// Names and versions: gvk.h, object_key.h, resource_version.h.
#include <algorithm>
#include <functional>

#include "holdfast/model/gvk.h"
#include "holdfast/model/object_key.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

GroupVersionKind make_gvk(std::string_view api_version, std::string_view kind) {
  const std::size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return {"", std::string(api_version), std::string(kind)};
  return {std::string(api_version.substr(0, slash)), std::string(api_version.substr(slash + 1)), std::string(kind)};
}

std::string to_string(const GroupKind& gk) { return gk.group.empty() ? gk.kind : gk.kind + "." + gk.group; }

std::string to_string(const GroupVersionKind& gvk) { return gvk.api_version() + " " + gvk.kind; }

std::string to_string(const ObjectKey& key) {
  const std::string type = to_string(key.group_kind());
  return key.namespace_.empty() ? type + " " + key.name : type + " " + key.namespace_ + "/" + key.name;
}

std::size_t ObjectKeyHash::operator()(const ObjectKey& key) const {
  std::size_t seed = 0;
  for (const std::string* part : {&key.group, &key.kind, &key.namespace_, &key.name})
    seed = (seed ^ std::hash<std::string>{}(*part)) * 0x9E3779B97F4A7C15ULL;
  return seed;
}

bool ResourceVersion::numeric() const {
  return !value.empty() && value.front() != '0' &&
         std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
}

std::partial_ordering compare(const ResourceVersion& a, const ResourceVersion& b) {
  if (a == b) return std::partial_ordering::equivalent;
  if (!a.numeric() || !b.numeric()) return std::partial_ordering::unordered;
  if (a.value.size() != b.value.size()) return a.value.size() <=> b.value.size();
  return a.value <=> b.value;
}

}  // namespace holdfast
