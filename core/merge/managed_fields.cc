#include "holdfast/merge/managed_fields.h"

#include <spdlog/fmt/fmt.h>

namespace holdfast {
namespace {

Result<const json::array*> entries_of(const json::value& body) {
  if (!body.is_object()) return fail(ErrorKind::Invalid, "an object's body is no JSON object");
  const json::value* entries = find(body, {"metadata", "managedFields"});
  if (entries == nullptr || entries->is_null()) return nullptr;
  if (!entries->is_array()) return fail(ErrorKind::Invalid, "metadata.managedFields is no list");
  return &entries->get_array();
}

Result<FieldOwner> owner_of(const json::value& entry) {
  if (!entry.is_object()) return fail(ErrorKind::Invalid, "metadata.managedFields holds something that is no entry");
  return FieldOwner{std::string(string_at(entry, {"manager"})), std::string(string_at(entry, {"operation"})),
                    std::string(string_at(entry, {"subresource"})), std::string(string_at(entry, {"time"}))};
}

Result<ManagedFieldsEntry> decode(const json::value& entry, FieldOwner owner) {
  const std::string where = fmt::format("the managedFields entry of {} ({})", owner.manager, owner.operation);
  if (string_at(entry, {"fieldsType"}) != "FieldsV1")
    return fail(ErrorKind::Invalid, where + " is not of fieldsType FieldsV1");
  const json::value* fields = find(entry, {"fieldsV1"});
  if (fields == nullptr) return fail(ErrorKind::Invalid, where + " has no fieldsV1");
  auto set = FieldSet::parse(*fields);
  if (!set) return fail(ErrorKind::Invalid, where + ": " + set.error().message);
  return ManagedFieldsEntry{std::move(owner), std::string(string_at(entry, {"apiVersion"})), std::move(*set)};
}

}  // namespace

bool is_applied_by(const FieldOwner& owner, const FieldManager& manager) {
  return owner.manager == manager.value && owner.operation == "Apply" && owner.subresource.empty();
}

const ManagedFieldsEntry* find_apply_entry(const std::vector<ManagedFieldsEntry>& entries,
                                           const FieldManager& manager) {
  for (const ManagedFieldsEntry& entry : entries)
    if (is_applied_by(entry.owner, manager)) return &entry;
  return nullptr;
}

Result<std::vector<ManagedFieldsEntry>> parse_managed_fields(const json::value& body) {
  const auto entries = entries_of(body);
  if (!entries) return std::unexpected(entries.error());
  std::vector<ManagedFieldsEntry> decoded;
  if (*entries == nullptr) return decoded;
  for (const json::value& entry : **entries) {
    auto owner = owner_of(entry);
    if (!owner) return std::unexpected(owner.error());
    auto one = decode(entry, std::move(*owner));
    if (!one) return std::unexpected(one.error());
    decoded.push_back(std::move(*one));
  }
  return decoded;
}

Result<std::optional<ManagedFieldsEntry>> find_applied_entry(const json::value& body, const FieldManager& manager) {
  const auto entries = entries_of(body);
  if (!entries) return std::unexpected(entries.error());
  std::optional<ManagedFieldsEntry> ours;
  if (*entries == nullptr) return ours;
  for (const json::value& entry : **entries) {
    auto owner = owner_of(entry);
    if (!owner) return std::unexpected(owner.error());
    if (!is_applied_by(*owner, manager)) continue;
    if (ours)
      return fail(ErrorKind::Invalid, "two managedFields entries of " + manager.value + " with operation Apply");
    auto one = decode(entry, std::move(*owner));
    if (!one) return std::unexpected(one.error());
    ours = std::move(*one);
  }
  return ours;
}

}  // namespace holdfast
