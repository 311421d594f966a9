#include "simulator/object_writer.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "holdfast/merge/typed_value.h"
#include "simulator/builtin_defaults.h"
#include "simulator/custom_validation.h"
#include "simulator/field_tracker.h"
#include "simulator/patch.h"
#include "simulator/schema_walk.h"
#include "simulator/write_checks.h"

namespace holdfast {
namespace {

// etcd's limit on a request, which a custom resource meets (V12).
constexpr std::size_t kMaxObjectBytes = 1'572'864;
constexpr const char* kDefinitions = "customresourcedefinitions.apiextensions.k8s.io";

json::object& metadata_of(json::object& object) {
  json::value& metadata = object["metadata"];
  if (!metadata.is_object()) metadata = json::object();
  return metadata.get_object();
}

// What clients send of what only the server writes (V1: ignored, unowned).
void drop_system_fields(json::object& body) {
  json::object& metadata = metadata_of(body);
  for (const std::string_view name : {"selfLink", "creationTimestamp", "deletionTimestamp",
                                      "deletionGracePeriodSeconds", "generation", "uid", "resourceVersion"})
    metadata.erase(name);
}

void carry_system_fields(const json::object& old, json::object& next) {
  json::object& metadata = metadata_of(next);
  metadata.erase("selfLink");
  for (const std::string_view name : {"uid", "creationTimestamp", "generation", "deletionTimestamp",
                                      "deletionGracePeriodSeconds", "resourceVersion"}) {
    const json::value* value = find(old, {"metadata", name});
    if (value == nullptr)
      metadata.erase(name);
    else
      metadata[name] = *value;
  }
}

// All but metadata and status: what generation counts the changes of.
bool same_spec(const json::object& a, const json::object& b) {
  const auto spec_of = [](json::object object) {
    for (const std::string_view name : {"metadata", "status", "apiVersion", "kind"}) object.erase(name);
    return json::value(std::move(object));
  };
  return equal_values(spec_of(a), spec_of(b));
}

// The strategy of Deployments, and of nothing else, counts their annotations as well.
bool same_annotations(const json::object& a, const json::object& b) {
  const auto annotations_of = [](const json::object& object) {
    const json::value* found = find(object, {"metadata", "annotations"});
    return found == nullptr || !found->is_object() ? json::object() : found->get_object();
  };
  return annotations_of(a) == annotations_of(b);
}

bool counts_as_a_generation(const ResourceType& type, const json::object& live, const json::object& next) {
  if (!same_spec(live, next)) return true;
  const bool is_deployment = type.gvk.group == "apps" && type.gvk.kind == "Deployment";
  return is_deployment && !same_annotations(live, next);
}

void set_member(json::object& target, std::string_view name, const json::object& from) {
  if (const json::value* value = from.if_contains(name))
    target[name] = *value;
  else
    target.erase(name);
}

// Each way in writes its part and leaves the other (V32).
json::object part_written(const ResourceType& type, const json::object& live, json::object next,
                          const std::string& subresource) {
  if (subresource == "status") {
    json::object merged = live;
    set_member(merged, "status", next);
    const json::value* managed = find(next, {"metadata", "managedFields"});
    if (managed != nullptr) metadata_of(merged)["managedFields"] = *managed;
    return merged;
  }
  if (type.status_subresource) set_member(next, "status", live);
  if (type.store_key() == "namespaces" && subresource != "finalize") set_member(next, "spec", live);
  keep_allocated(type.gvk.group_kind(), live, next);
  return next;
}

// What a patch made cannot be read.
ApiFailure does_not_decode(const json::object& patched, const std::string& why) {
  return invalid({"", ""}, "",
                 {{"FieldValueInvalid",
                   fmt::format("Invalid value: {}: {}", to_json(json::value(to_json(patched))), why), "patch"}});
}

// A definition waits until the objects of its type are gone.
void mark_terminating(json::object& definition, const std::string& time) {
  metadata_of(definition).erase("deletionGracePeriodSeconds");
  json::value& status = definition["status"];
  if (!status.is_object()) status = json::object();
  json::value& conditions = status.get_object()["conditions"];
  if (!conditions.is_array()) conditions = json::array();
  conditions.get_array().push_back(
      {{"type", "Terminating"},
       {"status", "True"},
       {"lastTransitionTime", time},
       {"reason", "InstanceDeletionPending"},
       {"message", "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"}});
}

ApiFailure does_not_fit(const ResourceType& type, const json::object& body, const TypeMismatch& one,
                        const std::string& handled, BodyOrigin origin) {
  std::string why =
      fmt::format("json: cannot unmarshal {} into Go struct field {} of type {}", one.got, one.path, one.expected);
  if (one.expected == kQuantityType)
    why = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  else if (one.expected == kBytesType)
    why = fmt::format("{}illegal base64 data at input byte {}",
                      origin == BodyOrigin::Applied ? "error decoding from json: " : "", one.got);
  else if (origin == BodyOrigin::Applied && one.got == "number")
    why = "cannot convert float64 to int32";
  switch (origin) {
    case BodyOrigin::Sent:
      return bad_request(handled + why);
    case BodyOrigin::Patched:
      return does_not_decode(body, handled + why);
    case BodyOrigin::Applied:
      return permanent_failure(fmt::format("unable to convert unstructured object to {}/{}, Kind={}: {}",
                                           type.gvk.group, type.gvk.version, type.gvk.kind, why));
  }
  return bad_request(why);
}

bool resets_managed_fields(const json::object& body) {
  const json::value* managed = find(body, {"metadata", "managedFields"});
  if (managed == nullptr || !managed->is_array()) return false;
  const json::array& entries = managed->get_array();
  if (entries.empty()) return true;
  return entries.size() == 1 && entries[0].is_object() && entries[0].get_object().empty();
}

}  // namespace

StoredPtr in_version(const StoredPtr& object, const ResourceType& type) {
  const std::string api_version = type.gvk.api_version();
  if (object == nullptr || string_at(object->body, {"apiVersion"}) == api_version) return object;
  auto converted = std::make_shared<StoredObject>(*object);
  converted->body["apiVersion"] = api_version;
  converted->text = to_json(converted->body);
  return converted;
}

bool has_generation(const ResourceType& type) {
  static constexpr std::string_view kinds[] = {"Deployment",
                                               "StatefulSet",
                                               "DaemonSet",
                                               "ReplicaSet",
                                               "ReplicationController",
                                               "Job",
                                               "CronJob",
                                               "Ingress",
                                               "NetworkPolicy",
                                               "CustomResourceDefinition",
                                               "ValidatingWebhookConfiguration",
                                               "MutatingWebhookConfiguration",
                                               "ValidatingAdmissionPolicy",
                                               "ValidatingAdmissionPolicyBinding",
                                               "Pod",
                                               "PriorityClass",
                                               "EndpointSlice",
                                               "IngressClass",
                                               "PodDisruptionBudget"};
  return type.custom || std::ranges::find(kinds, type.gvk.kind) != std::end(kinds);
}

std::vector<std::string> finalizers_of(const json::object& object) {
  std::vector<std::string> names;
  const json::value* list = find(object, {"metadata", "finalizers"});
  if (list != nullptr && list->is_array())
    for (const json::value& name : list->get_array())
      if (name.is_string()) names.emplace_back(std::string_view(name.get_string()));
  return names;
}

// ---- checks
// ----------------------------------------------------------------------------------------------------------

Reply<void> ObjectWriter::check_namespace(const ResourceType& type, const std::string& namespace_,
                                          const std::string& name) const {
  if (!type.namespaced) return {};
  const StoredPtr found = store_.find("namespaces", "", namespace_);
  if (found == nullptr) return std::unexpected(not_found("namespaces", "", namespace_));
  if (metadata_text(found->body, "deletionTimestamp").empty()) return {};
  ApiFailure failure = forbidden(type.plural, type.gvk.group, name,
                                 fmt::format("unable to create new content in namespace {} because it is being "
                                             "terminated",
                                             namespace_));
  (*failure.details)["causes"] = json::array{{{"reason", "NamespaceTerminating"},
                                              {"message", fmt::format("namespace {} is being terminated", namespace_)},
                                              {"field", "metadata.namespace"}}};
  return std::unexpected(std::move(failure));
}

Reply<void> ObjectWriter::check_identity(const ResourceType& type, const std::string& namespace_,
                                         const std::string& name, json::object& body, bool applied) const {
  json::object& metadata = metadata_of(body);
  const std::string own_name = metadata_text(body, "name"), own_namespace = metadata_text(body, "namespace");
  if (!name.empty() && !own_name.empty() && own_name != name)
    return std::unexpected(bad_request(
        fmt::format("the name of the object ({}) does not match the name on the URL ({})", own_name, name)));
  if (type.namespaced && !own_namespace.empty() && own_namespace != namespace_)
    return std::unexpected(
        bad_request("the namespace of the provided object does not match the namespace sent on the request"));
  if (!name.empty() && own_name.empty() && !applied)
    return std::unexpected(bad_request(
        fmt::format("the name of the object ({} based on URL) was undeterminable: name must be provided", name)));
  if (!name.empty()) metadata["name"] = name;
  if (type.namespaced)
    metadata["namespace"] = namespace_;
  else
    metadata.erase("namespace");
  body["apiVersion"] = type.gvk.api_version();
  body["kind"] = type.gvk.kind;
  return {};
}

Reply<std::vector<std::string>> ObjectWriter::check_schema(const ResourceType& type, json::object& body,
                                                           const WriteOptions& options, BodyOrigin origin) const {
  const SchemaWalk walk(types_.definitions(), type.custom);
  std::vector<std::string> warnings;
  if (type.schema.empty()) return warnings;
  for (const std::string& path : walk.prune(body, type.schema))
    warnings.push_back(fmt::format("unknown field \"{}\"", path));
  const std::string handled =
      fmt::format("{} in version \"{}\" cannot be handled as a {}: ", type.gvk.kind, type.gvk.version, type.gvk.kind);
  if (options.field_validation == "Strict" && !warnings.empty()) {
    const std::string text = fmt::format("strict decoding error: {}", fmt::join(warnings, ", "));
    if (origin == BodyOrigin::Sent) return std::unexpected(bad_request(handled + text));
    return std::unexpected(does_not_decode(body, text));
  }
  if (options.field_validation == "Ignore") warnings.clear();
  if (type.custom) drop_nulls(body, type.schema);
  const std::vector<TypeMismatch> mismatches = walk.mismatches(body, type.schema);
  if (mismatches.empty()) return warnings;
  if (!type.custom) return std::unexpected(does_not_fit(type, body, mismatches[0], handled, origin));
  std::vector<ApiStatusCause> causes;
  for (const TypeMismatch& one : mismatches)
    causes.push_back({"FieldValueTypeInvalid",
                      fmt::format("Invalid value: \"{}\": {} in body must be of type {}: \"{}\"", one.got, one.path,
                                  one.expected, one.got),
                      one.path});
  return std::unexpected(invalid(type.gvk.group_kind(), metadata_text(body, "name"), causes));
}

void ObjectWriter::complete(const ResourceType& type, json::object& body) const {
  const SchemaWalk walk(types_.definitions(), type.custom);
  if (type.schema.empty()) return;
  walk.normalize(body, type.schema);
  if (!type.custom) add_builtin_defaults(type.gvk.group_kind(), body);
  walk.add_defaults(body, type.schema);
  if (type.custom) return;
  add_builtin_defaults(type.gvk.group_kind(), body);
  walk.normalize(body, type.schema);
}

json::object ObjectWriter::blank(const ResourceType& type) const {
  json::object made = SchemaWalk(types_.definitions(), type.custom).blank(type.schema);
  made["apiVersion"] = type.gvk.api_version();
  made["kind"] = type.gvk.kind;
  return made;
}

// ---- writes
// ----------------------------------------------------------------------------------------------------------

Reply<Written> ObjectWriter::create(const ResourceType& type, const std::string& namespace_, json::object body,
                                    const WriteOptions& options) {
  if (auto checked = check_type_meta(type, body, false); !checked) return std::unexpected(checked.error());
  if (auto checked = check_identity(type, namespace_, "", body, false); !checked)
    return std::unexpected(checked.error());
  auto warnings = check_schema(type, body, options, BodyOrigin::Sent);
  if (!warnings) return std::unexpected(warnings.error());
  if (!metadata_text(body, "resourceVersion").empty())
    return std::unexpected(permanent_failure("resourceVersion should not be set on objects to be created"));
  const std::string prefix = metadata_text(body, "generateName");
  if (metadata_text(body, "name").empty() && !prefix.empty()) metadata_of(body)["name"] = prefix + random_.suffix(5);
  auto written = store_created(type, namespace_, std::move(body), options, false);
  if (written) written->warnings = std::move(*warnings);
  return written;
}

Reply<Written> ObjectWriter::store_created(const ResourceType& type, const std::string& namespace_, json::object body,
                                           const WriteOptions& options, bool applied) {
  const std::string name = metadata_text(body, "name");
  if (auto checked = check_namespace(type, namespace_, name); !checked) return std::unexpected(checked.error());
  if (auto checked = check_name(type, name); !checked) return std::unexpected(checked.error());
  const std::string own_namespace = type.namespaced ? namespace_ : std::string();
  if (const StoredPtr there = store_.find(type.store_key(), own_namespace, name)) {
    ApiFailure failure = already_exists(type.plural, type.gvk.group, name);
    if (!metadata_text(there->body, "deletionTimestamp").empty())
      failure.message = "object is being deleted: " + failure.message;
    return std::unexpected(std::move(failure));
  }
  const json::value* given = find(body, {"metadata", "generation"});
  const json::value given_generation = given == nullptr ? json::value() : *given;
  drop_system_fields(body);
  if (!applied) metadata_of(body).erase("managedFields");
  if (type.status_subresource) body.erase("status");
  json::object& metadata = metadata_of(body);
  metadata["uid"] = random_.uuid();
  metadata["creationTimestamp"] = rfc3339(clock_.now());
  if (has_generation(type))
    metadata["generation"] = 1;
  else if (given_generation.is_int64())
    metadata["generation"] = given_generation;  // nobody counts it
  complete(type, body);
  if (auto checked = check_values(type, body); !checked) return std::unexpected(checked.error());
  if (!applied)
    track_update(type, blank(type), false, body, {options.manager, options.subresource, rfc3339(clock_.now())});
  if (!type.custom) {  // what the server adds now is nobody's
    prepare_builtin_creation(type.gvk.group_kind(), body, random_);
    SchemaWalk(types_.definitions(), false).add_defaults(body, type.schema);
  }
  if (to_json(body).size() > kMaxObjectBytes)
    return std::unexpected(permanent_failure("etcdserver: request is too large"));
  return Written{keep(type, own_namespace, name, std::move(body), options.dry_run, true), true, {}};
}

StoredPtr ObjectWriter::keep(const ResourceType& type, const std::string& namespace_, const std::string& name,
                             json::object body, bool dry_run, bool created) {
  if (!dry_run) return store_.put(type.store_key(), namespace_, name, std::move(body));
  auto shown = std::make_shared<StoredObject>();
  shown->namespace_ = namespace_;
  shown->name = name;
  if (created) metadata_of(body).erase("resourceVersion");  // V28
  shown->body = std::move(body);
  shown->text = to_json(shown->body);
  return shown;
}

Reply<Written> ObjectWriter::store_changed(const ResourceType& type, const StoredPtr& old, const json::object& live,
                                           json::object next, const WriteOptions& options, bool applied) {
  const std::string name = old->name;
  const bool reset = !applied && resets_managed_fields(next);
  carry_system_fields(live, next);
  next = part_written(type, live, std::move(next), options.subresource);
  next["apiVersion"] = type.gvk.api_version();
  next["kind"] = type.gvk.kind;
  complete(type, next);
  if (reset) {
    metadata_of(next).erase("managedFields");
  } else if (!applied) {
    track_update(type, live, true, next, {options.manager, options.subresource, rfc3339(clock_.now())});
  }
  if (same_but_for_times(live, next)) return Written{in_version(old, type), false, {}};
  if (auto checked = check_new_finalizers(type, live, next); !checked) return std::unexpected(checked.error());
  if (auto checked = check_immutable(type, live, next); !checked) return std::unexpected(checked.error());
  if (auto checked = check_values(type, next); !checked) return std::unexpected(checked.error());
  if (to_json(next).size() > kMaxObjectBytes)
    return std::unexpected(permanent_failure("etcdserver: request is too large"));
  if (has_generation(type) && counts_as_a_generation(type, live, next)) {
    const json::value* generation = find(live, {"metadata", "generation"});
    metadata_of(next)["generation"] = (generation == nullptr ? 0 : generation->to_number<std::int64_t>()) + 1;
  }
  const bool is_namespace = type.store_key() == "namespaces";
  const json::value* hold = is_namespace ? find(next, {"spec", "finalizers"}) : nullptr;
  const bool held = hold != nullptr && hold->is_array() && !hold->get_array().empty();
  if (!options.dry_run && !metadata_text(next, "deletionTimestamp").empty() && finalizers_of(next).empty() && !held) {
    // The answer has the body, the store has nothing any more, and the watch sees one DELETED (V6a).
    store_.remove(type.store_key(), old->namespace_, name);
    return Written{keep(type, old->namespace_, name, std::move(next), true, false), false, {}};
  }
  return Written{keep(type, old->namespace_, name, std::move(next), options.dry_run, false), false, {}};
}

Reply<Written> ObjectWriter::replace(const ResourceType& type, const std::string& namespace_, const std::string& name,
                                     json::object body, const WriteOptions& options) {
  if (auto checked = check_type_meta(type, body, false); !checked) return std::unexpected(checked.error());
  if (auto checked = check_identity(type, namespace_, name, body, false); !checked)
    return std::unexpected(checked.error());
  auto warnings = check_schema(type, body, options, BodyOrigin::Sent);
  if (!warnings) return std::unexpected(warnings.error());
  const StoredPtr old = store_.find(type.store_key(), type.namespaced ? namespace_ : "", name);
  if (old == nullptr) return std::unexpected(not_found(type.plural, type.gvk.group, name));
  const json::object live = in_version(old, type)->body;
  if (auto checked = check_preconditions(type, body, live, name, false); !checked)
    return std::unexpected(checked.error());
  auto written = store_changed(type, old, live, std::move(body), options, false);
  if (written) written->warnings = std::move(*warnings);
  return written;
}

Reply<Written> ObjectWriter::patch(const ResourceType& type, const std::string& namespace_, const std::string& name,
                                   PatchKind kind, const json::value& patch, const WriteOptions& options) {
  const StoredPtr old = store_.find(type.store_key(), type.namespaced ? namespace_ : "", name);
  if (old == nullptr) return std::unexpected(not_found(type.plural, type.gvk.group, name));
  const json::object live = in_version(old, type)->body;
  json::object next;
  switch (kind) {
    case PatchKind::Json: {
      auto patched = json_patch(json::value(live), patch);
      if (!patched) return std::unexpected(patched.error());
      if (!patched->is_object()) return std::unexpected(bad_request("the patched document is no object"));
      next = std::move(patched->get_object());
      break;
    }
    case PatchKind::Merge: {
      if (!patch.is_object()) return std::unexpected(bad_request("error decoding patch: it is no object"));
      json::value patched(live);
      merge_patch(patched, patch);
      next = std::move(patched.get_object());
      break;
    }
    case PatchKind::Strategic: {
      if (!patch.is_object()) return std::unexpected(bad_request("error decoding patch: it is no object"));
      auto patched = strategic_merge_patch(live, patch.get_object(), type.schema, types_.definitions());
      if (!patched) return std::unexpected(patched.error());
      next = std::move(*patched);
      break;
    }
  }
  if (auto checked = check_type_meta(type, next, false); !checked)
    return std::unexpected(does_not_decode(next, checked.error().message));
  if (auto checked = check_identity(type, namespace_, name, next, false); !checked)
    return std::unexpected(checked.error());
  auto warnings = check_schema(type, next, options, BodyOrigin::Patched);
  if (!warnings) return std::unexpected(warnings.error());
  if (auto checked = check_preconditions(type, next, live, name, true); !checked)
    return std::unexpected(checked.error());
  auto written = store_changed(type, old, live, std::move(next), options, false);
  if (written) written->warnings = std::move(*warnings);
  return written;
}

Reply<Written> ObjectWriter::apply(const ResourceType& type, const std::string& namespace_, const std::string& name,
                                   json::object config, const WriteOptions& options) {
  if (auto checked = check_type_meta(type, config, true); !checked) return std::unexpected(checked.error());
  const std::string written_namespace = metadata_text(config, "namespace");
  if (auto checked = check_identity(type, namespace_, name, config, true); !checked)
    return std::unexpected(checked.error());
  if (const json::value* managed = find(config, {"metadata", "managedFields"});
      managed != nullptr && !managed->is_null())
    return std::unexpected(bad_request("metadata.managedFields must be nil"));
  const StoredPtr old = store_.find(type.store_key(), type.namespaced ? namespace_ : "", name);
  const std::string uid = metadata_text(config, "uid");
  if (old == nullptr && !uid.empty())
    return std::unexpected(cannot_fulfil(
        type.plural, type.gvk.group, type.plural, name,
        fmt::format("uid mismatch: the provided object specified uid {}, and no existing object was found", uid)));
  if (old == nullptr && !options.subresource.empty())
    return std::unexpected(not_found(type.plural, type.gvk.group, name));
  const json::object live = old == nullptr ? blank(type) : in_version(old, type)->body;
  const json::object given = config;
  drop_system_fields(config);
  const FieldWriter writer{options.manager, options.subresource, rfc3339(clock_.now())};
  auto merged = apply_fields(type, live, old != nullptr, config, writer, options.force, written_namespace);
  if (!merged) return std::unexpected(merged.error());
  WriteOptions lenient = options;
  lenient.field_validation = "Ignore";  // the merge has refused unknown fields already (V7)
  if (auto checked = check_schema(type, *merged, lenient, BodyOrigin::Applied); !checked) {
    if (type.custom) return std::unexpected(checked.error());
    return std::unexpected(permanent_failure(
        fmt::format("failed to convert new object ({}/{}; {}/{}, Kind={}) to proper version: {}", written_namespace,
                    name, type.gvk.group, type.gvk.version, type.gvk.kind, checked.error().message)));
  }
  if (old == nullptr) return store_created(type, namespace_, std::move(*merged), options, true);
  if (auto checked = check_preconditions(type, given, live, name, true); !checked)
    return std::unexpected(checked.error());
  return store_changed(type, old, live, std::move(*merged), options, true);
}

// ---- delete
// ----------------------------------------------------------------------------------------------------------

StoredPtr ObjectWriter::mark_deleted(const ResourceType& type, const StoredPtr& old,
                                     std::vector<std::string> finalizers, bool dry_run) {
  if (!metadata_text(old->body, "deletionTimestamp").empty()) return in_version(old, type);
  json::object next = in_version(old, type)->body;
  json::object& metadata = metadata_of(next);
  metadata["deletionTimestamp"] = rfc3339(clock_.now());
  metadata["deletionGracePeriodSeconds"] = 0;
  const bool is_definition = type.store_key() == kDefinitions;
  if (const json::value* generation = metadata.if_contains("generation"); generation != nullptr && !is_definition)
    metadata["generation"] = generation->to_number<std::int64_t>() + 1;
  if (is_definition) mark_terminating(next, metadata_text(next, "deletionTimestamp"));
  json::array names;
  for (const std::string& finalizer : finalizers) names.push_back(json::value(finalizer));
  if (!names.empty()) metadata["finalizers"] = std::move(names);
  if (type.store_key() == "namespaces") {
    metadata.erase("deletionGracePeriodSeconds");
    next["status"].as_object()["phase"] = "Terminating";
  }
  return keep(type, old->namespace_, old->name, std::move(next), dry_run, false);
}

Reply<Removed> ObjectWriter::remove(const ResourceType& type, const std::string& namespace_, const std::string& name,
                                    const DeleteOptions& options) {
  const StoredPtr old = store_.find(type.store_key(), type.namespaced ? namespace_ : "", name);
  if (old == nullptr) return std::unexpected(not_found(type.plural, type.gvk.group, name));
  const std::string uid = metadata_text(old->body, "uid"), version = metadata_text(old->body, "resourceVersion");
  const auto refuse = [&](std::string why) {
    return std::unexpected(cannot_fulfil(type.gvk.kind, type.gvk.group, type.gvk.kind, name, std::move(why)));
  };
  if (options.uid && *options.uid != uid)
    return refuse(
        fmt::format("the UID in the precondition ({}) does not match the UID in record ({}). The object might "
                    "have been deleted and then recreated",
                    *options.uid, uid));
  if (options.resource_version && *options.resource_version != version)
    return refuse(
        fmt::format("the ResourceVersion in the precondition ({}) does not match the ResourceVersion in record "
                    "({}). The object might have been modified",
                    *options.resource_version, version));
  std::vector<std::string> finalizers = finalizers_of(old->body);
  const auto add = [&](const std::string& finalizer) {
    if (std::ranges::find(finalizers, finalizer) == finalizers.end()) finalizers.push_back(finalizer);
  };
  if (options.propagation == "Foreground") add("foregroundDeletion");
  if (options.propagation == "Orphan") add("orphan");
  const bool is_namespace = type.store_key() == "namespaces";
  if (type.store_key() == kDefinitions) add(kDefinitionCleanup);
  if (!finalizers.empty() || is_namespace)
    return Removed{mark_deleted(type, old, std::move(finalizers), options.dry_run), false};
  if (type.store_key() == "pods") {  // no node has it: its grace is over at once, and the answer is the pod
    const StoredPtr marked = mark_deleted(type, old, {}, options.dry_run);
    if (options.dry_run) return Removed{marked, false};
    return Removed{in_version(store_.remove(type.store_key(), old->namespace_, name), type), false};
  }
  if (options.dry_run) return Removed{in_version(old, type), true};
  return Removed{in_version(store_.remove(type.store_key(), old->namespace_, name), type), true};
}

}  // namespace holdfast
