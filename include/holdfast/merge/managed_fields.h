// metadata.managedFields of an object: who owns which of its fields.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "holdfast/base/result.h"
#include "holdfast/merge/field_set.h"
#include "holdfast/model/drift.h"
#include "holdfast/model/json.h"
#include "holdfast/model/resource_version.h"

namespace holdfast {

struct ManagedFieldsEntry {
  FieldOwner owner;  // its time may be empty (V16)
  std::string api_version;
  FieldSet fields;
};

// All entries, in the server's order. None where managedFields is absent, which is how an object looks whose fields
// nobody owns (V15). Anything that cannot be decoded is an Invalid error, never an empty answer.
Result<std::vector<ManagedFieldsEntry>> parse_managed_fields(const json::value& body);

// The entry of server-side apply by this manager: operation Apply, no subresource (V32). It does not exist where the
// manager owns nothing (V15). Only this entry is decoded, so that a foreign one cannot make the answer an error.
Result<std::optional<ManagedFieldsEntry>> find_applied_entry(const json::value& body, const FieldManager& manager);

[[nodiscard]] bool is_applied_by(const FieldOwner& owner, const FieldManager& manager);
// The same entry among decoded ones; null where there is none.
const ManagedFieldsEntry* find_apply_entry(const std::vector<ManagedFieldsEntry>& entries, const FieldManager& manager);

}  // namespace holdfast
