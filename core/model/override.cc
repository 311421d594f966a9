#include "holdfast/model/override.h"

#include <spdlog/fmt/fmt.h>

#include <string_view>
#include <tuple>

namespace holdfast {
namespace {

constexpr std::size_t kLongestValue = 200;
constexpr std::string_view kMark = "+try.";

}  // namespace

std::string to_string(const OverrideTarget& target) {
  std::string kind = target.kind.empty() ? "object" : target.kind;
  if (!target.group.empty()) kind += "." + target.group;
  return fmt::format("{} {}{}", kind, target.namespace_.empty() ? "" : target.namespace_ + "/", target.name);
}

bool is_older(const Override& one, const Override& other) {
  return std::tie(one.created, one.name) < std::tie(other.created, other.name);
}

std::string what_is_tried(const Override& one) {
  if (one.ref) {
    const char* what = !one.ref->branch.empty() ? "branch" : !one.ref->tag.empty() ? "tag" : "commit";
    return fmt::format("{} {}", what, one.ref->name());
  }
  std::string text;
  for (const OverridePatch& patch : one.patches) {
    std::string value = patch.value.is_string() ? std::string(patch.value.get_string()) : to_json(patch.value);
    if (patch.target.kind == "Secret") value = "…";
    if (value.size() > kLongestValue) value = value.substr(0, kLongestValue) + "…";
    text += fmt::format("{}{} {} = {}", text.empty() ? "" : ", ", to_string(patch.target), patch.path, value);
  }
  return text;
}

std::string with_trial(const std::string& revision, const std::string& digest) {
  return fmt::format("{}{}{}", revision, kMark, digest);
}

std::string without_trial(const std::string& revision) { return revision.substr(0, revision.rfind(kMark)); }

}  // namespace holdfast
