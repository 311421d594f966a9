// metadata.managedFields: who owns what after each write, around the merge library (V14 to V18, V29, V32).
#pragma once

#include <string>

#include "holdfast/merge/structured_merge.h"
#include "simulator/api_failure.h"
#include "simulator/resource_type.h"

namespace holdfast {

struct FieldWriter {
  std::string manager;
  std::string subresource;  // "", "status", "scale"
  std::string time;         // RFC 3339
};

// The fields that a write through this way in leaves alone (V32).
FieldSet ignored_fields(const ResourceType& type, const std::string& subresource);

// Server-side apply of `config` over `live` (blank where there is none, and then `exists` is false). The result has its
// managedFields. `written_namespace` is the one in the body, as messages have it. Errors: 409 with conflicts (V14), 500
// where the configuration does not have the type (V7).
Reply<json::object> apply_fields(const ResourceType& type, const json::object& live, bool exists,
                                 const json::object& config, const FieldWriter& writer, bool force,
                                 const std::string& written_namespace);

// Any other write: gives `next` its managedFields. `live` as above. An object whose fields nobody owns stays so.
void track_update(const ResourceType& type, const json::object& live, bool exists, json::object& next,
                  const FieldWriter& writer);

// Equal but for managedFields' times: such a write is none (V25).
bool same_but_for_times(const json::object& a, const json::object& b);

}  // namespace holdfast
