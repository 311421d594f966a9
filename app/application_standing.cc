#include "app/application_standing.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "engine/deletion.h"
#include "holdfast/model/json.h"
#include "sources/trial.h"

namespace holdfast {
namespace {

constexpr std::size_t kShortestCommit = 7;

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// What follows "@sha1:" or "@sha256:"; all of it where there is no such mark.
std::string_view id_of(std::string_view revision) {
  const std::size_t colon = revision.rfind(':');
  return colon == std::string_view::npos ? revision : revision.substr(colon + 1);
}

// Without what says that something is tried on it, or which values went into it: a person means the commit.
std::string bare(std::string_view revision) {
  const std::string whole(revision);
  return whole.contains('@') ? bare_revision(whole) : whole.substr(0, whole.find('+'));
}

std::string why_not_applied(const Inventory& inventory, const WaitGoal& goal, const std::string& seen) {
  if (inventory.revision.empty()) return "no revision of it was applied completely yet";
  if (goal.revision.empty() || is_revision(inventory.revision, goal.revision) || is_revision(seen, goal.revision))
    return {};
  return fmt::format("it is at {}, and {} was not applied completely yet; is `holdfast run` at work on it?",
                     inventory.revision, goal.revision);
}

NotReady of_object(const ObjectKey& key, const ObjectStanding* seen) {
  const auto say = [&](std::string why, bool failed = false) {
    return NotReady{to_string(key), std::move(why), failed};
  };
  if (seen == nullptr) return say("it was not looked at yet");
  switch (seen->kstatus) {
    case Kstatus::NotFound:
      return say("it is not there, or has lost the label by which it is known");
    case Kstatus::Terminating:
      return say("it is being deleted" + (seen->why.empty() ? std::string() : ", held by " + seen->why));
    case Kstatus::Failed:
      return say("it has failed: " + (seen->why.empty() ? std::string("it says no more") : seen->why), true);
    case Kstatus::Current:
    case Kstatus::InProgress:
    case Kstatus::Unknown:
      break;
  }
  return say(seen->why.empty() ? fmt::format("it is {}", to_string(seen->kstatus)) : seen->why);
}

}  // namespace

ObjectStanding judge_standing(const LiveObject& live, WallTime now) {
  Result<json::value> body = parse_json(live.body);
  if (!body || !body->is_object()) return {Kstatus::Unknown, "what the API server shows of it cannot be read"};
  body->get_object()["apiVersion"] = live.gvk.api_version();  // the items of a list lack it
  body->get_object()["kind"] = live.gvk.kind;
  if (live.terminating) return {Kstatus::Terminating, what_holds_up(*body)};
  if (string_at(*body, {"metadata", "annotations", "argocd.argoproj.io/ignore-healthcheck"}) == "true")
    return {Kstatus::Current, {}};
  Health health = judge_health(*body, {now, nullptr, 0});
  return {health.kstatus, std::move(health.message)};
}

bool Standing::failed() const { return applied && std::ranges::any_of(open, &NotReady::failed); }

Standing judge_application(const Inventory& inventory, const WaitGoal& goal,
                           const std::map<ObjectKey, ObjectStanding>& objects, const std::string& seen) {
  Standing standing;
  if (std::string why = why_not_applied(inventory, goal, seen); !why.empty())
    standing.open.push_back({"the application", std::move(why), false});
  for (const auto& [key, uid] : inventory.entries)
    if (uid.empty()) standing.open.push_back({to_string(key), "it was not applied yet", false});
  standing.applied = standing.open.empty();
  if (!goal.healthy) return standing;
  for (const auto& [key, uid] : inventory.entries) {
    if (uid.empty()) continue;
    const auto hook = inventory.hooks.find(key);
    if (hook != inventory.hooks.end() && hook->second.state == HookState::Done) continue;
    if (hook != inventory.hooks.end() && hook->second.state == HookState::Failed) {
      standing.open.push_back({to_string(key), "the hook failed, and was deleted as its policy says", true});
      continue;
    }
    const auto looked_at = objects.find(key);
    if (looked_at != objects.end() && looked_at->second.kstatus == Kstatus::Current) continue;
    standing.open.push_back(of_object(key, looked_at == objects.end() ? nullptr : &looked_at->second));
  }
  return standing;
}

bool is_revision(std::string_view recorded, std::string_view asked) {
  if (recorded.empty() || asked.empty()) return false;
  const std::string committed = bare(recorded), meant = bare(asked);
  if (committed == meant) return true;
  if (meant.contains('@')) return false;
  const std::string_view id = id_of(meant);
  return id.size() >= kShortestCommit && is_hex(id) && id_of(committed).starts_with(id);
}

Result<void> check_revision(std::string_view asked) {
  const std::string meant = bare(asked);
  const std::string_view id = id_of(meant);
  if (asked.empty() || (id.size() >= kShortestCommit && is_hex(id))) return {};
  return fail(ErrorKind::Invalid, fmt::format("{} names no revision", asked), "--revision",
              "give a commit, as `git rev-parse HEAD` prints it, or 7 digits of it or more");
}

}  // namespace holdfast
