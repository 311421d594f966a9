#include "simulator/write_checks.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "holdfast/merge/typed_value.h"
#include "simulator/builtin_validation.h"
#include "simulator/custom_validation.h"
#include "simulator/metadata_validation.h"
#include "simulator/object_writer.h"

namespace holdfast {
namespace {

ApiStatusCause invalid_field(std::string field, std::string value, std::string why) {
  return {"FieldValueInvalid", fmt::format("Invalid value: {}: {}", value, why), std::move(field)};
}

bool same_at(const json::object& a, const json::object& b, std::initializer_list<std::string_view> path) {
  const json::value *mine = find(a, path), *theirs = find(b, path);
  if (mine == nullptr || theirs == nullptr) return mine == theirs;
  return equal_values(*mine, *theirs);
}

struct ImmutableField {
  std::string_view group, kind;
  std::string_view parent, name;  // parent empty: at the top
  std::string_view why;           // as the cause ends
  bool forbidden;                 // FieldValueForbidden instead of FieldValueInvalid
};
constexpr ImmutableField kImmutable[] = {
    {"apps", "Deployment", "spec", "selector", "field is immutable", false},
    {"apps", "ReplicaSet", "spec", "selector", "field is immutable", false},
    {"apps", "DaemonSet", "spec", "selector", "field is immutable", false},
    {"batch", "Job", "spec", "selector", "field is immutable", false},
    {"batch", "Job", "spec", "template", "field is immutable", false},
    {"", "Secret", "", "type", "field is immutable", false},
    {"rbac.authorization.k8s.io", "RoleBinding", "", "roleRef", "cannot change roleRef", false},
    {"rbac.authorization.k8s.io", "ClusterRoleBinding", "", "roleRef", "cannot change roleRef", false},
    {"apiextensions.k8s.io", "CustomResourceDefinition", "spec", "scope", "field is immutable", false},
    {"storage.k8s.io", "StorageClass", "", "parameters", "updates to parameters are forbidden.", true},
    {"storage.k8s.io", "StorageClass", "", "provisioner", "updates to provisioner are forbidden.", true},
};

// As a message quotes what it could not read.
std::string shortened(std::string text) {
  constexpr std::size_t most = 30;
  return text.size() <= most ? text : text.substr(0, most) + " ...";
}

bool is_frozen(const json::object& object) {
  const json::value* frozen = object.if_contains("immutable");
  return frozen != nullptr && frozen->is_bool() && frozen->get_bool();
}

Reply<void> check_frozen_data(const ResourceType& type, const json::object& old, const json::object& next) {
  if (!type.gvk.group.empty() || (type.gvk.kind != "ConfigMap" && type.gvk.kind != "Secret") || !is_frozen(old))
    return {};
  std::vector<ApiStatusCause> causes;
  for (const std::string_view field : {"immutable", "data", "binaryData"})
    if (!same_at(old, next, {field}))
      causes.push_back(
          {"FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set", std::string(field)});
  if (causes.empty()) return {};
  return std::unexpected(invalid(type.gvk.group_kind(), metadata_text(next, "name"), causes));
}

}  // namespace

std::string metadata_text(const json::object& object, std::string_view name) {
  return std::string(string_at(object, {"metadata", name}));
}

Reply<void> check_type_meta(const ResourceType& type, const json::object& body, bool patch) {
  const std::string_view api_version = string_at(body, {"apiVersion"}), kind = string_at(body, {"kind"});
  if (api_version == type.gvk.api_version() && kind == type.gvk.kind) return {};
  if (!patch && type.custom && kind.empty())
    return std::unexpected(bad_request(
        fmt::format("the object provided is unrecognized (must be of type {}): Object 'Kind' is missing in '{}' ({})",
                    type.gvk.kind, to_json(body), shortened(to_json(body)))));
  if (!patch && api_version.empty() && kind.empty()) return {};  // the resource says which
  const GroupVersionKind given = make_gvk(api_version, kind);
  if (patch)
    return std::unexpected(
        bad_request(fmt::format("invalid object type: {}/{}, Kind={}", given.group, given.version, given.kind)));
  if (type.custom && api_version == type.gvk.api_version())
    return std::unexpected(invalid(given.group_kind(), metadata_text(body, "name"),
                                   {invalid_field("kind", fmt::format("\"{}\"", kind), "must be " + type.gvk.kind)}));
  return std::unexpected(bad_request(fmt::format(
      "{} in version \"{}\" cannot be handled as a {}: it is of another type", kind, given.version, type.gvk.kind)));
}

Reply<void> check_name(const ResourceType& type, const std::string& name) {
  const bool free_form = type.gvk.group == "rbac.authorization.k8s.io";
  const auto refuse = [&](std::string why) {
    return std::unexpected(invalid(type.gvk.group_kind(), name,
                                   {invalid_field("metadata.name", fmt::format("\"{}\"", name), std::move(why))}));
  };
  if (name.empty())
    return std::unexpected(
        invalid(type.gvk.group_kind(), name,
                {{"FieldValueRequired", "Required value: name or generateName is required", "metadata.name"}}));
  if (name.find('/') != std::string::npos || name.find('%') != std::string::npos || name == "." || name == "..")
    return refuse("may not contain '/' or '%', and may not be '.' or '..'");
  if (name.size() > 253) return refuse("must be no more than 253 characters");
  const auto is_alnum = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  const bool label = std::ranges::all_of(name, [&](char c) { return is_alnum(c) || c == '-'; }) &&
                     is_alnum(name.front()) && is_alnum(name.back());
  if (type.store_key() == "namespaces" && name.find('.') != std::string::npos) return refuse("must not contain dots");
  if (type.store_key() == "namespaces" && !label)
    return refuse(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
        "with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')");
  if (type.store_key() == "services" && (!label || name.front() < 'a'))
    return refuse(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
        "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation "
        "is '[a-z]([-a-z0-9]*[a-z0-9])?')");
  const bool plain = std::ranges::all_of(name, [&](char c) { return is_alnum(c) || c == '-' || c == '.'; }) &&
                     is_alnum(name.front()) && is_alnum(name.back());
  if (free_form || plain) return {};
  return refuse(
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
      "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
      "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')");
}

Reply<void> check_preconditions(const ResourceType& type, const json::object& wanted, const json::object& live,
                                const std::string& name, bool patch) {
  const std::string version = metadata_text(wanted, "resourceVersion");
  if (!version.empty() && version != "0") {
    if (!std::ranges::all_of(version, [](char c) { return c >= '0' && c <= '9'; }))
      return std::unexpected(
          permanent_failure(fmt::format("strconv.ParseUint: parsing \"{}\": invalid syntax", version)));
    if (version != metadata_text(live, "resourceVersion"))
      return std::unexpected(stale_version(type.plural, type.gvk.group, name));
  } else if (!patch && type.custom && version.empty()) {
    return std::unexpected(
        invalid({type.gvk.group, type.plural}, name,
                {invalid_field("metadata.resourceVersion", "0", "must be specified for an update")}));
  }
  const std::string uid = metadata_text(wanted, "uid"), live_uid = metadata_text(live, "uid");
  if (uid.empty() || uid == live_uid) return {};
  if (!patch)
    return std::unexpected(cannot_fulfil(
        type.plural, type.gvk.group, type.plural, name,
        fmt::format("StorageError: invalid object, Code: 4, Key: /registry/{}/{}{}, ResourceVersion: 0, "
                    "AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
                    type.custom ? type.gvk.group + "/" + type.plural : type.plural,
                    type.namespaced ? metadata_text(live, "namespace") + "/" : "", name, uid, live_uid)));
  const ApiStatusCause cause = invalid_field("metadata.uid", fmt::format("\"{}\"", uid), "field is immutable");
  return std::unexpected(invalid(type.gvk.group_kind(), name, {cause, cause}));  // twice, as the server has it (V3)
}

Reply<void> check_new_finalizers(const ResourceType& type, const json::object& old, const json::object& next) {
  if (metadata_text(old, "deletionTimestamp").empty()) return {};
  const std::vector<std::string> had = finalizers_of(old);
  for (const std::string& finalizer : finalizers_of(next))
    if (std::ranges::find(had, finalizer) == had.end()) {
      const ApiStatusCause cause{
          "FieldValueForbidden",
          fmt::format("Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers "
                      "[]string{{\"{}\"}}",
                      finalizer),
          "metadata.finalizers"};
      return std::unexpected(invalid(type.gvk.group_kind(), metadata_text(next, "name"), {cause, cause}));
    }
  return {};
}

Reply<void> check_immutable(const ResourceType& type, const json::object& old, const json::object& next) {
  for (const ImmutableField& field : kImmutable) {
    if (field.group != type.gvk.group || field.kind != type.gvk.kind) continue;
    const bool top = field.parent.empty();
    if (top ? same_at(old, next, {field.name}) : same_at(old, next, {field.parent, field.name})) continue;
    const json::value* now = top ? find(next, {field.name}) : find(next, {field.parent, field.name});
    const std::string path = top ? std::string(field.name) : fmt::format("{}.{}", field.parent, field.name);
    const ApiStatusCause cause =
        field.forbidden ? ApiStatusCause{"FieldValueForbidden", fmt::format("Forbidden: {}", field.why), path}
                        : invalid_field(path, now == nullptr ? "null" : to_json(*now), std::string(field.why));
    return std::unexpected(invalid(type.gvk.group_kind(), metadata_text(next, "name"), {cause}));
  }
  if (const auto causes = validate_builtin_change(type.gvk.group_kind(), old, next); !causes.empty())
    return std::unexpected(invalid(type.gvk.group_kind(), metadata_text(next, "name"), causes));
  return check_frozen_data(type, old, next);
}

Reply<void> check_values(const ResourceType& type, const json::object& next) {
  std::vector<ApiStatusCause> causes = validate_metadata(next, type.custom);
  std::ranges::move(type.custom ? validate_custom(next, type.schema) : validate_builtin(type.gvk.group_kind(), next),
                    std::back_inserter(causes));
  if (causes.empty()) return {};
  return std::unexpected(invalid(type.gvk.group_kind(), metadata_text(next, "name"), causes));
}

}  // namespace holdfast
