// Objects without their contents, for types that are only seen to come and go (correctness A18; V44). Pure.
#pragma once

#include <memory>
#include <string>

#include "holdfast/model/object.h"
#include "watchers/reflector_machine.h"

namespace holdfast {

inline std::string accept_for_list(Detail detail) {
  if (detail == Detail::Full) return "application/json";
  return "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
}

inline std::string accept_for_watch(Detail detail) {
  if (detail == Detail::Full) return "application/json";
  return "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json";
}

// What an object of the type calls itself in such an answer.
inline GroupVersionKind shown_as(const GroupVersionKind& gvk, Detail detail) {
  if (detail == Detail::Full) return gvk;
  return {"meta.k8s.io", "v1", "PartialObjectMetadata"};
}

inline LivePtr with_type(const LiveObject& object, const GroupVersionKind& gvk) {
  auto typed = std::make_shared<LiveObject>(object);
  typed->gvk = gvk;
  typed->key.group = gvk.group;
  typed->key.kind = gvk.kind;
  return typed;
}

}  // namespace holdfast
