#include "app/installations.h"

#include "holdfast/model/json.h"

namespace holdfast {
namespace {

constexpr std::string_view kFirstInstallation = "holdfast";

}  // namespace

bool is_for_another(const LiveObject& live, const std::string& installation) {
  const Result<json::value> object = parse_json(live.body);
  if (!object) return false;
  const std::string_view wanted = string_at(*object, {"metadata", "labels", kInstallationLabel});
  return !wanted.empty() && wanted != installation;
}

std::string manager_of(std::string_view name, const std::string& installation) {
  std::string manager(name);
  return installation == kFirstInstallation ? manager : manager + "." + installation;
}

}  // namespace holdfast
