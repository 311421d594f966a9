#include "engine/takeover.h"

#include <utility>

#include "engine/adoption.h"
#include "holdfast/merge/managed_fields.h"
#include "holdfast/merge/structured_merge.h"
#include "holdfast/merge/typed_value.h"

namespace holdfast {
namespace {

constexpr std::string_view kOurs = "ours";  // among entries that are numbered

// managedFields as adoption_patch() writes them; null where it writes none.
json::value entries_after(const Desired& desired, const json::value& live, const FieldManager& manager) {
  const Result<std::optional<std::string>> patch = adoption_patch(desired, live, manager, {});
  if (!patch || !patch->has_value()) return {};
  const Result<json::value> operations = parse_json(**patch);
  if (!operations) return {};
  for (const json::value& operation : operations->as_array())
    if (string_at(operation, {"path"}) == "/metadata/managedFields") return operation.at("value");
  return {};
}

ManagedSets owners_of(const json::value& body, const FieldManager& manager) {
  ManagedSets owners;
  auto entries = parse_managed_fields(body);
  if (!entries) return owners;
  for (ManagedFieldsEntry& entry : *entries) {
    if (entry.fields.empty()) continue;
    const bool ours = is_applied_by(entry.owner, manager);
    ManagedSet& set = owners[ours ? std::string(kOurs) : std::to_string(owners.size())];
    set = {std::move(entry.fields), std::move(entry.api_version), entry.owner.operation == "Apply"};
  }
  return owners;
}

}  // namespace

std::vector<FieldChange> lost_by_takeover(const Desired& desired, const json::value& live, const FieldManager& manager,
                                          const TypeNode* type) {
  json::value entries = type == nullptr ? json::value() : entries_after(desired, live, manager);
  if (entries.is_null()) return {};
  json::value after = live;
  after.at("metadata").as_object()["managedFields"] = std::move(entries);
  const ManagedSets owners = owners_of(after, manager);
  after.at("metadata").as_object().erase("managedFields");
  const auto shown = TypedValue::make(after, type, Duplicates::Allowed);
  const auto wanted = TypedValue::make(desired.body, type, Duplicates::Refused);
  if (!shown || !wanted) return {};
  const auto merged = apply(*shown, *wanted, owners, desired.resource.gvk.api_version(), std::string(kOurs), true);
  if (!merged) return {};
  std::vector<FieldChange> lost = diff_fields(after, merged->object, true);
  std::erase_if(lost, [](const FieldChange& change) { return change.after != "(absent)"; });
  return lost;
}

}  // namespace holdfast
