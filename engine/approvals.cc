#include "engine/approvals.h"

#include <algorithm>
#include <chrono>

namespace holdfast {
namespace {

constexpr std::size_t kMostBytes = 16UL * 1024, kMostByBytes = 256, kMostReasonBytes = 1024;

std::int64_t seconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

const char* name_of(ApprovedAction action) {
  switch (action) {
    case ApprovedAction::Repair:
      return "repair";
    case ApprovedAction::Prune:
      return "prune";
    case ApprovedAction::Plan:
      return "plan";
  }
  return "";
}

const json::value* number_at(const json::object& entry, std::string_view name) {
  const json::value* const found = entry.if_contains(name);
  return found != nullptr && found->is_int64() ? found : nullptr;
}

Result<void> read_prune_limit(const json::object& entry, Approval& approval) {
  const json::value* const objects = number_at(entry, "objects");
  if (objects == nullptr || objects->get_int64() <= 0)
    return fail(ErrorKind::Invalid, "names neither an object nor a number of objects");
  approval.objects = static_cast<std::size_t>(objects->get_int64());
  return {};
}

}  // namespace

std::string approvals_name(const std::string& inventory_name) { return inventory_name + "-approvals"; }

std::string to_text(const Approval& approval) {
  json::object entry{{"action", name_of(approval.action)}};
  if (!approval.plan.empty()) entry["plan"] = approval.plan;
  if (!approval.object.kind.empty()) {
    entry["group"] = approval.object.group;
    entry["kind"] = approval.object.kind;
    entry["namespace"] = approval.object.namespace_;
    entry["name"] = approval.object.name;
    entry["uid"] = approval.uid.value;
  }
  if (!approval.fields.empty()) entry["fields"] = json::array(approval.fields.begin(), approval.fields.end());
  if (approval.objects != 0) entry["objects"] = static_cast<std::int64_t>(approval.objects);
  entry["until"] = seconds_of(approval.until);
  entry["by"] = approval.by;
  entry["reason"] = approval.reason;
  return to_json(entry);
}

Result<Approval> read_approval(std::string_view text) {
  if (text.size() > kMostBytes) return fail(ErrorKind::TooLarge, "an approval of more than 16 KiB");
  const Result<json::value> parsed = parse_json(text);
  if (!parsed || !parsed->is_object()) return fail(ErrorKind::Invalid, "is not a JSON object");
  const json::object& entry = parsed->get_object();
  Approval approval;
  const std::string_view action = string_at(entry, {"action"});
  if (action != "prune" && action != "repair" && action != "plan")
    return fail(ErrorKind::Invalid, "its action is none of repair, prune and plan");
  approval.action = action == "prune"  ? ApprovedAction::Prune
                    : action == "plan" ? ApprovedAction::Plan
                                       : ApprovedAction::Repair;
  const json::value* const until = number_at(entry, "until");
  if (until == nullptr) return fail(ErrorKind::Invalid, "does not say until when it holds (in seconds since 1970)");
  approval.until = WallTime(std::chrono::seconds(until->get_int64()));
  approval.by = string_at(entry, {"by"}).substr(0, kMostByBytes);
  approval.reason = string_at(entry, {"reason"}).substr(0, kMostReasonBytes);
  approval.object = {std::string(string_at(entry, {"group"})), std::string(string_at(entry, {"kind"})),
                     std::string(string_at(entry, {"namespace"})), std::string(string_at(entry, {"name"}))};
  approval.uid.value = string_at(entry, {"uid"});
  if (const json::value* const fields = entry.if_contains("fields"); fields != nullptr) {
    if (!fields->is_array()) return fail(ErrorKind::Invalid, "its fields are no list");
    for (const json::value& field : fields->get_array())
      if (field.is_string()) approval.fields.emplace(field.get_string());
  }
  approval.plan = string_at(entry, {"plan"}).substr(0, kMostByBytes);
  if (approval.action == ApprovedAction::Plan) {
    if (approval.plan.empty()) return fail(ErrorKind::Invalid, "names no plan");
    return approval;
  }
  const bool of_object = !approval.object.kind.empty() && !approval.object.name.empty();
  if (of_object) return approval;
  if (approval.action == ApprovedAction::Repair) return fail(ErrorKind::Invalid, "names no object");
  if (const Result<void> limit = read_prune_limit(entry, approval); !limit) return std::unexpected(limit.error());
  return approval;
}

Approvals Approvals::read(const json::value& config_map, std::vector<std::string>& problems) {
  Approvals approvals;
  const json::value* const data = find(config_map, {"data"});
  if (data == nullptr || !data->is_object()) return approvals;
  for (const auto& [name, text] : data->get_object()) {
    if (approvals.all_.size() == kMost) {
      problems.push_back("there are more than 1000");
      break;
    }
    Result<Approval> one =
        text.is_string() ? read_approval(text.get_string()) : fail(ErrorKind::Invalid, "is not a text");
    if (one)
      approvals.all_.push_back(std::move(*one));
    else
      problems.push_back(std::string(name) + ": " + one.error().message);
  }
  return approvals;
}

std::set<std::string> Approvals::repairs(const ObjectKey& key, const Uid& uid, WallTime now) const {
  std::set<std::string> fields;
  for (const Approval& one : all_) {
    if (one.action != ApprovedAction::Repair || one.object != key || one.uid != uid || one.until <= now) continue;
    if (one.fields.empty()) fields.emplace();
    fields.insert(one.fields.begin(), one.fields.end());
  }
  return fields;
}

bool Approvals::prunes(const ObjectKey& key, const Uid& uid, WallTime now) const {
  return std::ranges::any_of(all_, [&](const Approval& one) {
    return one.action == ApprovedAction::Prune && one.object == key && one.uid == uid && one.until > now;
  });
}

std::size_t Approvals::prune_limit(WallTime now) const {
  std::size_t most = 0;
  for (const Approval& one : all_)
    if (one.action == ApprovedAction::Prune && one.until > now) most = std::max(most, one.objects);
  return most;
}

}  // namespace holdfast
