#include "sources/written_document.h"

#include <utility>

namespace holdfast {

json::object written_document(const json::object& object) {
  json::object document, metadata;
  for (const char* name : {"apiVersion", "kind", "spec"})
    if (const json::value* value = object.if_contains(name)) document[name] = *value;
  for (const char* name : {"name", "namespace"})
    if (const json::value* value = find(object, {"metadata", name})) metadata[name] = *value;
  document["metadata"] = std::move(metadata);
  return document;
}

}  // namespace holdfast
