// Desired states for tests of the pure decisions.
#pragma once

#include <string_view>

#include "engine/prepare.h"
#include "holdfast/merge/field_set.h"
#include "unit/engine/live_bodies.h"

namespace holdfast::live_bodies {

inline Desired desired_of(json::object body) {
  Desired made;
  const GroupVersionKind gvk = make_gvk(string_at(body, {"apiVersion"}), string_at(body, {"kind"}));
  made.key = {gvk.group, gvk.kind, std::string(string_at(body, {"metadata", "namespace"})),
              std::string(string_at(body, {"metadata", "name"}))};
  made.resource.gvk = gvk;
  made.origin = "a.yaml:1";
  made.body = std::move(body);
  seal(made);
  return made;
}
inline Desired desired_of(std::string_view text) { return desired_of(body_of(text).as_object()); }

// The path that a report prints so; of a body's fields only.
inline FieldPath path_of(std::initializer_list<std::string_view> names) {
  FieldPath path;
  for (const std::string_view name : names) path.push_back(PathElement::field(name));
  return path;
}

inline void add_entry(json::value& body, std::string_view manager, std::string_view operation,
                      std::string_view subresource, std::string_view fields) {
  add_entry(body, manager, fields);
  json::object& entry = body.at_pointer("/metadata/managedFields").as_array().back().as_object();
  entry["operation"] = operation;
  if (!subresource.empty()) entry["subresource"] = subresource;
}

}  // namespace holdfast::live_bodies
