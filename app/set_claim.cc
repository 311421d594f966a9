#include "app/set_claim.h"

#include <spdlog/fmt/fmt.h>

#include "holdfast/model/object.h"

namespace holdfast {

std::string_view set_claimed_by(const json::object& set) {
  const std::string_view label = string_at(set, {"metadata", "labels", kInstallationLabel});
  return label.empty() ? string_at(set, {"metadata", "annotations", kSetClaim}) : label;
}

json::object set_claim(const json::object& set, const std::string& installation) {
  return {{"metadata",
           {{"resourceVersion", string_at(set, {"metadata", "resourceVersion"})},
            {"uid", string_at(set, {"metadata", "uid"})},
            {"annotations", {{kSetClaim, installation}}}}}};
}

std::string claim_message(std::string_view installation) {
  return fmt::format(
      "the installation {} expands it (annotation {}); where that is no more, take the annotation away; the label {} "
      "says whose it is from the start",
      installation, kSetClaim, kInstallationLabel);
}

}  // namespace holdfast
