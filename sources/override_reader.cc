#include "sources/override_reader.h"

#include <spdlog/fmt/fmt.h>

#include "holdfast/base/duration.h"
#include "holdfast/base/printable.h"
#include "holdfast/base/timestamp.h"
#include "sources/field_address.h"
#include "sources/override_fields.h"

namespace holdfast {
namespace {

std::unexpected<Error> wrong(std::string message, std::string hint = {}) {
  return fail(ErrorKind::Invalid, std::move(message), {}, std::move(hint));
}

Result<std::chrono::seconds> period_of(const json::object& object) {
  const std::string_view text = string_at(object, {"spec", "expiresAfter"});
  if (text.empty()) return std::chrono::seconds(3600);
  const auto read = parse_duration(text);
  if (!read) return wrong(fmt::format("spec.expiresAfter {}", read.error().message), read.error().hint);
  const auto period = std::chrono::duration_cast<std::chrono::seconds>(*read);
  if (period < kShortestOverride || period > kLongestOverride)
    return wrong(fmt::format("spec.expiresAfter is {}, and has to be between {} and {}", text,
                             to_duration_text(kShortestOverride), to_duration_text(kLongestOverride)));
  return period;
}

Result<OverridePatch> patch_of(const json::value& item, std::size_t at) {
  const json::value* target = find(item, {"target"});
  const json::value* value = find(item, {"value"});
  if (target == nullptr || value == nullptr)
    return wrong(fmt::format("spec.patches[{}] has no target or no value", at));
  OverridePatch patch{read_target(*target), std::string(string_at(item, {"path"})), *value};
  if (patch.target.kind.empty() || patch.target.name.empty())
    return wrong(fmt::format("spec.patches[{}].target has no kind or no name", at));
  if (patch.target.kind == "Secret")
    return wrong("fields of a Secret cannot be tried, for they would stand in the open", "try a ref that has them");
  if (to_json(*value).size() > kLongestOverrideValueBytes)
    return wrong(fmt::format("spec.patches[{}].value is longer than {} bytes", at, kLongestOverrideValueBytes));
  if (const auto address = FieldAddress::parse(patch.path); !address) return std::unexpected(address.error());
  return patch;
}

}  // namespace

OverrideTarget read_target(const json::value& object) {
  return {std::string(string_at(object, {"group"})), std::string(string_at(object, {"kind"})),
          std::string(string_at(object, {"namespace"})), std::string(string_at(object, {"name"}))};
}

json::object target_object(const OverrideTarget& target) {
  json::object made{{"kind", target.kind}, {"name", target.name}};
  if (!target.group.empty()) made["group"] = target.group;
  if (!target.namespace_.empty()) made["namespace"] = target.namespace_;
  return made;
}

Result<Override> read_override(const json::object& object) {
  Override one;
  one.namespace_ = string_at(object, {"metadata", "namespace"});
  one.name = string_at(object, {"metadata", "name"});
  one.application = string_at(object, {"spec", "application"});
  one.reason = printable_line(string_at(object, {"spec", "reason"}));
  one.requested_by = printable_line(string_at(object, {"spec", "requestedBy"}));
  if (one.application.empty()) return wrong("spec.application is missing", "name the Application of this namespace");
  if (one.requested_by.empty()) return wrong("spec.requestedBy is missing", "say who asks");
  const auto created = parse_timestamp(string_at(object, {"metadata", "creationTimestamp"}));
  if (!created) return wrong("metadata.creationTimestamp cannot be read");
  one.created = *created;
  const auto period = period_of(object);
  if (!period) return std::unexpected(period.error());
  one.expires_after = *period;
  const json::value* ref = find(object, {"spec", "ref"});
  const json::value* patches = find(object, {"spec", "patches"});
  if ((ref != nullptr) == (patches != nullptr)) return wrong("spec names both a ref and patches, or neither");
  if (ref != nullptr) {
    one.ref = OverrideRef{std::string(string_at(*ref, {"branch"})), std::string(string_at(*ref, {"tag"})),
                          std::string(string_at(*ref, {"commit"}))};
    if (one.ref->name().empty()) return wrong("spec.ref names none of branch, tag and commit");
    if (one.ref->branch.starts_with("refs/") || one.ref->tag.starts_with("refs/"))
      return wrong("spec.ref names a ref by its whole name", "name the branch or the tag as Git shows it");
    return one;
  }
  if (!patches->is_array() || patches->get_array().empty() || patches->get_array().size() > kMostOverridePatches)
    return wrong(fmt::format("spec.patches has none, or more than {}", kMostOverridePatches));
  for (const json::value& item : patches->get_array()) {
    auto patch = patch_of(item, one.patches.size());
    if (!patch) return std::unexpected(patch.error());
    one.patches.push_back(std::move(*patch));
  }
  return one;
}

json::object override_object(const Override& one) {
  json::object spec{{"application", one.application},
                    {"requestedBy", one.requested_by},
                    {"expiresAfter", to_duration_text(one.expires_after)}};
  if (!one.reason.empty()) spec["reason"] = one.reason;
  if (one.ref) {
    const char* what = !one.ref->branch.empty() ? "branch" : !one.ref->tag.empty() ? "tag" : "commit";
    spec["ref"] = json::object{{what, one.ref->name()}};
  } else {
    json::array patches;
    for (const OverridePatch& patch : one.patches)
      patches.push_back({{"target", target_object(patch.target)}, {"path", patch.path}, {"value", patch.value}});
    spec["patches"] = std::move(patches);
  }
  return {{"apiVersion", kApplicationApiVersion},
          {"kind", kOverrideKind},
          {"metadata", {{"namespace", one.namespace_}, {"name", one.name}}},
          {"spec", std::move(spec)}};
}

}  // namespace holdfast
