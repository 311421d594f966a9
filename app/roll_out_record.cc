#include "app/roll_out_record.h"

#include <spdlog/fmt/fmt.h>

#include <array>
#include <utility>

#include "holdfast/base/digest.h"
#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

constexpr std::size_t kDigestDigits = 32;

struct VerbName {
  ChangeVerb verb;
  std::string_view field, words;
};
constexpr std::array kVerbNames = {
    VerbName{ChangeVerb::Create, "create", "to create"},     VerbName{ChangeVerb::Change, "change", "to change"},
    VerbName{ChangeVerb::Replace, "replace", "to replace"},  VerbName{ChangeVerb::Prune, "prune", "to prune"},
    VerbName{ChangeVerb::HoldBack, "holdBack", "held back"}, VerbName{ChangeVerb::Refuse, "refuse", "refused"},
    VerbName{ChangeVerb::Unknown, "unknown", "unknown"},
};

std::string text_in(const json::value& object, std::string_view name) { return std::string(string_at(object, {name})); }

void put(json::object& into, std::string_view name, const std::string& text) {
  if (!text.empty()) into[name] = text;
}

std::optional<ApprovedRevision> read_approved(const json::value& value) {
  const auto at = parse_timestamp(string_at(value, {"at"}));
  ApprovedRevision read{{text_in(value, "revision"), text_in(value, "content")},
                        text_in(value, "plan"),
                        at.value_or(std::chrono::sys_seconds{}),
                        text_in(value, "who"),
                        text_in(value, "why")};
  if (!at || read.what.content.empty()) return std::nullopt;
  return read;
}

std::optional<PinnedRevision> read_pinned(const json::value& value) {
  const auto at = parse_timestamp(string_at(value, {"at"}));
  PinnedRevision read{{text_in(value, "revision"), text_in(value, "content")},
                      {text_in(value, "instead"), text_in(value, "insteadContent")},
                      at.value_or(std::chrono::sys_seconds{}),
                      text_in(value, "who"),
                      text_in(value, "why")};
  if (!at || read.what.revision.empty()) return std::nullopt;
  return read;
}

}  // namespace

RevisionContent content_in(const ManifestSet& set, const std::string& default_namespace) {
  const std::string content = set.content.empty() ? content_of(set) : set.content;
  return {set.revision, to_hex(sha256(content + "\n" + default_namespace)).substr(0, kDigestDigits)};
}

std::string summary_of(const std::map<ChangeVerb, std::size_t>& counts) {
  std::string text;
  for (const VerbName& name : kVerbNames)
    if (const auto found = counts.find(name.verb); found != counts.end() && found->second != 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", found->second, name.words);
  return text.empty() ? "nothing to change" : text;
}

RollOutRecord read_roll_out_record(const json::object& status) {
  RollOutRecord record;
  if (const json::value* approved = find(status, {"approved"})) record.approved = read_approved(*approved);
  if (const json::value* pinned = find(status, {"pinned"})) record.pinned = read_pinned(*pinned);
  record.healthy = text_in(status, "lastHealthyRevision");
  record.refused = text_in(status, "refused");
  record.handled_approval = text_in(status, "lastHandledApproval");
  record.handled_rollback = text_in(status, "lastHandledRollback");
  return record;
}

void write_roll_out_record(const RollOutRecord& record, json::object& status) {
  if (record.approved) {
    json::object approved{{"revision", record.approved->what.revision},
                          {"content", record.approved->what.content},
                          {"at", to_timestamp(record.approved->at)}};
    put(approved, "plan", record.approved->plan);
    put(approved, "who", record.approved->who);
    put(approved, "why", record.approved->why);
    status["approved"] = std::move(approved);
  }
  if (record.pinned) {
    json::object pinned{{"revision", record.pinned->what.revision},
                        {"instead", record.pinned->instead.revision},
                        {"at", to_timestamp(record.pinned->at)}};
    put(pinned, "content", record.pinned->what.content);
    put(pinned, "insteadContent", record.pinned->instead.content);
    put(pinned, "who", record.pinned->who);
    put(pinned, "why", record.pinned->why);
    status["pinned"] = std::move(pinned);
  }
  put(status, "lastHealthyRevision", record.healthy);
  put(status, "refused", record.refused);
  put(status, "lastHandledApproval", record.handled_approval);
  put(status, "lastHandledRollback", record.handled_rollback);
}

std::optional<WaitingPlan> read_waiting_plan(const json::object& status) {
  const json::value* const found = find(status, {"plan"});
  if (found == nullptr) return std::nullopt;
  const auto planned = parse_timestamp(string_at(*found, {"plannedAt"}));
  const auto expires = parse_timestamp(string_at(*found, {"expiresAt"}));
  WaitingPlan plan;
  plan.hash = text_in(*found, "hash");
  plan.revision = text_in(*found, "revision");
  if (!planned || !expires || plan.hash.empty()) return std::nullopt;
  plan.planned_at = *planned;
  plan.expires_at = *expires;
  for (const VerbName& name : kVerbNames)
    if (const json::value* count = find(*found, {"changes", name.field}); count != nullptr && count->is_int64())
      plan.counts[name.verb] = static_cast<std::size_t>(std::max<std::int64_t>(0, count->get_int64()));
  if (const json::value* lines = find(*found, {"lines"}); lines != nullptr && lines->is_array())
    for (const json::value& line : lines->get_array())
      if (line.is_string()) plan.lines.emplace_back(std::string_view(line.get_string()));
  return plan;
}

json::object to_json_object(const WaitingPlan& plan) {
  json::object counts;
  for (const VerbName& name : kVerbNames)
    if (const auto found = plan.counts.find(name.verb); found != plan.counts.end() && found->second != 0)
      counts[name.field] = static_cast<std::int64_t>(found->second);
  json::object made{{"hash", plan.hash},
                    {"revision", plan.revision},
                    {"summary", summary_of(plan.counts)},
                    {"changes", std::move(counts)},
                    {"plannedAt", to_timestamp(plan.planned_at)},
                    {"expiresAt", to_timestamp(plan.expires_at)}};
  if (!plan.lines.empty()) made["lines"] = json::array(plan.lines.begin(), plan.lines.end());
  return made;
}

std::string describe(const PinnedRevision& pinned) {
  return fmt::format("pinned at {} instead of {} since {}{}{}; a newer commit ends it", pinned.what.revision,
                     pinned.instead.revision, to_timestamp(pinned.at), pinned.who.empty() ? "" : ", by " + pinned.who,
                     pinned.why.empty() ? "" : ": " + pinned.why);
}

}  // namespace holdfast
