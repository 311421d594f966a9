#include "app/override_status.h"

#include <algorithm>
#include <array>
#include <utility>

#include "holdfast/base/digest.h"
#include "holdfast/base/timestamp.h"
#include "sources/field_address.h"
#include "sources/override_reader.h"

namespace holdfast {
namespace {

constexpr std::size_t kLongestText = 2'000;

constexpr std::array kPhases{OverridePhase::Pending, OverridePhase::Active, OverridePhase::Expired,
                             OverridePhase::Rejected, OverridePhase::Superseded};

std::string cut(std::string text) {
  if (text.size() <= kLongestText) return text;
  std::size_t end = kLongestText - 4;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // no half of a character
  return text.substr(0, end) + " …";
}

bool asks_for(const Override& one, const FormerValue& former) {
  const auto field = FieldAddress::parse(former.path);
  if (!field) return false;
  return std::ranges::any_of(one.patches, [&](const OverridePatch& patch) {
    const auto asked = FieldAddress::parse(patch.path);
    return patch.target == former.target && asked && asked->overlaps(*field) &&
           asked->steps().size() <= field->steps().size();
  });
}

void set_time(json::object& document, const char* name, const std::optional<std::chrono::sys_seconds>& time) {
  if (time) document[name] = to_timestamp(*time);
}

}  // namespace

const char* to_string(OverridePhase phase) {
  switch (phase) {
    case OverridePhase::Pending:
      return "Pending";
    case OverridePhase::Active:
      return "Active";
    case OverridePhase::Expired:
      return "Expired";
    case OverridePhase::Rejected:
      return "Rejected";
    case OverridePhase::Superseded:
      return "Superseded";
  }
  return "Pending";
}

bool OverrideStatus::has_to_restore() const {
  return is_over() && !ended_at &&
         std::ranges::any_of(former, [](const FormerValue& one) { return one.value.has_value(); });
}

bool OverrideStatus::set(OverridePhase next, std::string next_reason, std::string next_message,
                         std::chrono::sys_seconds now) {
  const bool ready = is_ready();
  const bool news = phase != next || reason != next_reason || message != next_message;
  phase = next;
  reason = std::move(next_reason);
  message = std::move(next_message);
  if (transition.empty() || ready != is_ready()) transition = to_timestamp(now);
  return news;
}

std::string content_of(const Override& one) {
  constexpr std::size_t kDigits = 32;
  json::object content{{"application", one.application}};
  if (one.ref)
    content["ref"] = json::object{{"branch", one.ref->branch}, {"tag", one.ref->tag}, {"commit", one.ref->commit}};
  json::array patches;
  for (const OverridePatch& patch : one.patches)
    patches.push_back({{"target", target_object(patch.target)}, {"path", patch.path}, {"value", patch.value}});
  content["patches"] = std::move(patches);
  return to_hex(sha256(canonical_json(content))).substr(0, kDigits);
}

OverrideStatus recall_status(const json::value& status, const Override& one) {
  OverrideStatus made;
  const std::string_view phase = string_at(status, {"phase"});
  for (const OverridePhase known : kPhases)
    if (phase == to_string(known)) made.phase = known;
  made.revision = string_at(status, {"revision"});
  made.checked = string_at(status, {"checked"});
  made.applied_at = parse_timestamp(string_at(status, {"appliedAt"}));
  made.ended_at = parse_timestamp(string_at(status, {"endedAt"}));
  if (const json::value* list = find(status, {"conditions"}); list != nullptr && list->is_array())
    for (const json::value& condition : list->get_array()) {
      if (string_at(condition, {"type"}) != "Ready") continue;
      made.reason = string_at(condition, {"reason"});
      made.message = string_at(condition, {"message"});
      made.transition = string_at(condition, {"lastTransitionTime"});
    }
  if (const json::value* list = find(status, {"former"}); list != nullptr && list->is_array())
    for (const json::value& item : list->get_array()) {
      const json::value* target = find(item, {"target"});
      const json::value* value = find(item, {"value"});
      FormerValue former{target == nullptr ? OverrideTarget() : read_target(*target),
                         std::string(string_at(item, {"path"})),
                         value == nullptr ? std::nullopt : std::optional(*value)};
      if (asks_for(one, former)) made.former.push_back(std::move(former));
    }
  return made;
}

json::object status_document(const OverrideStatus& status) {
  const bool stalled = status.phase == OverridePhase::Rejected;
  json::array conditions{{{"type", "Ready"},
                          {"status", status.is_ready() ? "True" : "False"},
                          {"reason", status.reason},
                          {"message", cut(status.message)},
                          {"lastTransitionTime", status.transition},
                          {"observedGeneration", status.generation}}};
  if (stalled)
    conditions.push_back({{"type", "Stalled"},
                          {"status", "True"},
                          {"reason", status.reason},
                          {"message", cut(status.message)},
                          {"lastTransitionTime", status.transition},
                          {"observedGeneration", status.generation}});
  json::object document{{"observedGeneration", status.generation},
                        {"phase", to_string(status.phase)},
                        {"conditions", std::move(conditions)}};
  if (!status.tries.empty()) document["tries"] = cut(status.tries);
  if (!status.revision.empty()) document["revision"] = status.revision;
  if (!status.checked.empty()) document["checked"] = status.checked;
  set_time(document, "endsAt", status.ends_at);
  set_time(document, "appliedAt", status.applied_at);
  set_time(document, "endedAt", status.ended_at);
  json::array former;
  for (const FormerValue& one : status.former) {
    json::object item{{"target", target_object(one.target)}, {"path", one.path}};
    if (one.value) item["value"] = *one.value;
    former.push_back(std::move(item));
  }
  if (!former.empty()) document["former"] = std::move(former);
  return document;
}

std::vector<OverridePatch> patches_to_restore(const OverrideStatus& status) {
  std::vector<OverridePatch> patches;
  for (const FormerValue& one : status.former)
    if (one.value) patches.push_back({one.target, one.path, *one.value});
  return patches;
}

}  // namespace holdfast
