#include "holdfast/model/api_resource.h"

#include <algorithm>

namespace holdfast {
namespace {

bool unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

void append_segment(std::string& out, std::string_view segment) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  out.push_back('/');
  for (const char c : segment) {
    if (unreserved(c)) {
      out.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out.push_back('%');
      out.push_back(kHex[byte >> 4U]);
      out.push_back(kHex[byte & 15U]);
    }
  }
}

}  // namespace

bool ApiResource::can(std::string_view verb) const { return std::ranges::find(verbs, verb) != verbs.end(); }

const ApiResource* ApiCatalog::find(const GroupVersionKind& gvk) const {
  const auto found = resources.find(gvk);
  return found == resources.end() ? nullptr : &found->second;
}

const ApiResource* ApiCatalog::find(const GroupKind& gk) const {
  const auto version = preferred.find(gk);
  return version == preferred.end() ? nullptr : find(GroupVersionKind{gk.group, version->second, gk.kind});
}

std::string resource_path(const ApiResource& resource, std::string_view namespace_, std::string_view name) {
  std::string path = resource.gvk.group.empty() ? "/api" : "/apis";
  if (!resource.gvk.group.empty()) append_segment(path, resource.gvk.group);
  append_segment(path, resource.gvk.version);
  if (resource.namespaced && !namespace_.empty()) {
    path += "/namespaces";
    append_segment(path, namespace_);
  }
  append_segment(path, resource.plural);
  if (!name.empty()) append_segment(path, name);
  return path;
}

}  // namespace holdfast
