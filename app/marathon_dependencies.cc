#include "app/marathon_dependencies.h"

#include <spdlog/fmt/fmt.h>

#include "app/marathon_values.h"

namespace holdfast {
namespace {

bool has_claims_of_several(const json::value& app) {
  const json::value *instances = find(app, {"instances"}), *volumes = find(app, {"container", "volumes"});
  if (instances == nullptr || !instances->is_int64() || instances->get_int64() < 2) return false;
  if (volumes == nullptr || !volumes->is_array()) return false;
  for (const json::value& volume : volumes->get_array())
    if (find(volume, {"persistent"}) != nullptr) return true;
  return false;
}

std::string resolved(const std::string& id, std::string_view written) {
  if (written.starts_with('/')) return std::string(written);
  std::string path = id.substr(0, id.rfind('/') == std::string::npos ? 0 : id.rfind('/'));
  while (!written.empty()) {
    const std::size_t end = written.find('/');
    const std::string_view part = written.substr(0, end);
    written = end == std::string_view::npos ? std::string_view() : written.substr(end + 1);
    if (part == "..")
      path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
    else if (!part.empty() && part != ".")
      path += fmt::format("{}{}", path.empty() && !id.starts_with('/') ? "" : "/", part);
  }
  return path;
}

}  // namespace

std::string MarathonIds::full_id(const std::string& around, std::string_view id) {
  if (id.starts_with('/') || around.empty()) return std::string(id);
  return around + (around.ends_with('/') ? "" : "/") + std::string(id);
}

void MarathonIds::add(const json::value& definition, const std::string& around) {
  if (const json::array* list = definition.if_array()) {
    for (const json::value& each : *list) add(each, around);
    return;
  }
  const std::string id = full_id(around, string_at(definition, {"id"}));
  bool is_group = false;
  for (const char* part : {"groups", "apps", "pods"}) {
    const json::value* inner = find(definition, {part});
    if (inner == nullptr) continue;
    is_group = true;
    add(*inner, id);
  }
  if (!is_group && !id.empty()) kinds_[id] = has_claims_of_several(definition) ? "StatefulSet" : "Deployment";
}

std::vector<std::string> MarathonIds::named(const std::string& id, std::string_view dependency) const {
  const std::string wanted = resolved(id, dependency);
  std::vector<std::string> all;
  for (const auto& [other, kind] : kinds_)
    if (other != id && (other == wanted || other.starts_with(wanted + "/")))
      all.push_back(fmt::format("{}/{}", kind, marathon_label(other)));
  return all;
}

}  // namespace holdfast
