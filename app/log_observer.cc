#include "app/log_observer.h"

#include <spdlog/fmt/fmt.h>

#include <cmath>
#include <utility>
#include <vector>

#include "holdfast/base/log.h"
#include "holdfast/model/json.h"

namespace holdfast {
namespace {

constexpr std::size_t kFieldsShown = 5;

// What a webhook has rewritten stays ours, and an order has no owner.
std::string describe_taker(const FieldDrift& field) {
  if (field.owner) return describe(*field.owner);
  return field.live == "(absent)" ? "removed, no manager owns it now" : "no other manager owns it";
}

// Every field, for machines: the message shows a few.
LogField data_of(const Drift& drift) {
  json::array fields;
  for (const FieldDrift& field : drift.fields) {
    json::object one{{"path", field.path}, {"desired", field.desired}, {"live", field.live}};
    if (field.owner) {
      one["manager"] = field.owner->manager;
      one["operation"] = field.owner->operation;
      one["subresource"] = field.owner->subresource;
      one["time"] = field.owner->time;
    }
    fields.push_back(std::move(one));
  }
  return LogField::data("fields", to_json(fields));
}

std::string fields_of(const Drift& drift) {
  std::string text;
  if (drift.fields.empty()) return "which fields were others was not seen";
  for (std::size_t i = 0; i < drift.fields.size() && i < kFieldsShown; ++i)
    text += (i == 0 ? "" : "; ") + describe(drift.fields[i]);
  if (drift.fields.size() > kFieldsShown) text += fmt::format("; and {} more", drift.fields.size() - kFieldsShown);
  return text;
}

std::string sentence(const Drift& drift) {
  std::string object = to_string(drift.key);
  switch (drift.kind) {
    case DriftKind::Changed:
      return "put back " + object + ": " + fields_of(drift);
    case DriftKind::Deleted:
      return "created " + object + " again: it was deleted (a deletion names no manager)";
    case DriftKind::LabelLost:
      return "put back " + object +
             ": it had lost the label that marks it as managed (removed, no manager owns it now)";
  }
  return object;
}

const char* kind_name(DriftKind kind) {
  switch (kind) {
    case DriftKind::Changed:
      return "changed";
    case DriftKind::Deleted:
      return "deleted";
    case DriftKind::LabelLost:
      return "label-lost";
  }
  return "?";
}

}  // namespace

std::string describe(const FieldOwner& owner) {
  std::string text = owner.manager + ", " + owner.operation;
  if (!owner.subresource.empty()) text += " of " + owner.subresource;
  return owner.time.empty() ? text : text + " at " + owner.time;
}

std::string describe(const FieldDrift& field) {
  return fmt::format("{} was {} ({}), is {} again", field.path, field.live, describe_taker(field), field.desired);
}

void LogObserver::say(LogLevel level, std::string_view event, std::string_view message,
                      std::vector<LogField> fields) const {
  if (!application_.empty()) fields.emplace_back("application", application_);
  log(level, event, message, fields);
}

void LogObserver::round_started(const std::string& /*revision*/, std::size_t objects) { progress_.start(objects); }

void LogObserver::applied(const ObjectKey& key, bool created, const std::string& revision) {
  if (progress_.advance()) return;
  say(LogLevel::Info, created ? "created" : "configured", (created ? "created " : "configured ") + to_string(key),
      {{"revision", revision}});
}

void LogObserver::repaired(const Repair& repair) {
  progress_.clear();
  std::vector<LogField> fields = {{"object", to_string(repair.drift.key)}, {"drift", kind_name(repair.drift.kind)}};
  if (repair.event_driven) fields.emplace_back("event_to_verdict_ms", repair.event_to_verdict);
  fields.emplace_back("verdict_to_response_ms", repair.verdict_to_response);
  fields.push_back(data_of(repair.drift));
  say(LogLevel::Info, "repaired", sentence(repair.drift), std::move(fields));
}

void LogObserver::pruned(const ObjectKey& key) {
  progress_.clear();
  say(LogLevel::Info, "pruned", "pruned " + to_string(key) + ": it left the source");
}

void LogObserver::moved(const ObjectKey& key, const std::string& to_application) {
  progress_.clear();
  say(LogLevel::Info, "moved", to_string(key) + " belongs to " + to_application + " now");
}

void LogObserver::replacing(const ObjectKey& key, const std::string& reason) {
  progress_.clear();
  say(LogLevel::Warning, "replacing",
      "deleted " + to_string(key) + " to make it anew, as its manifest asks for: " + reason);
}

void LogObserver::hook_dismissed(const ObjectKey& key, const std::string& reason) {
  progress_.clear();
  say(LogLevel::Info, "hook-deleted", "deleted the hook " + to_string(key) + ", as its policy says: " + reason);
}

void LogObserver::held_up(const ObjectKey& key, const Error& reason) {
  progress_.clear();
  say(LogLevel::Info, "waiting", to_string(key) + " is not made yet: " + describe(reason));
}

void LogObserver::held_back(const ObjectKey& key, const std::string& reason) {
  progress_.clear();
  say(LogLevel::Warning, "held-back", "did not prune " + to_string(key) + ": " + reason);
}

void LogObserver::refused(const ObjectKey& key, const Error& error) {
  progress_.clear();
  say(LogLevel::Warning, "refused", "left " + to_string(key) + " alone: " + describe(error));
}

void LogObserver::failed(const ObjectKey& key, const Error& error, std::chrono::milliseconds retry_in) {
  progress_.clear();
  say(LogLevel::Error, "failed", "could not apply " + to_string(key) + ": " + describe(error),
      {{"retry_in_ms", retry_in.count()}});
}

void LogObserver::set_problem(const Error& error) {
  progress_.clear();
  const std::string text = describe(error);
  if (text != std::exchange(last_problem_, text)) say(LogLevel::Error, "problem", text);
}

void LogObserver::waiting(const Error& reason) {
  progress_.clear();
  say(LogLevel::Info, "waiting", describe(reason));
}

void LogObserver::drifted(const Drift& drift, DriftPolicy policy, std::optional<std::chrono::milliseconds> retry_in) {
  progress_.clear();
  std::string text = to_string(drift.key) + " has drifted and is left so";
  if (retry_in)
    text += fmt::format(" for {:.0f} s", std::ceil(static_cast<double>(retry_in->count()) / 1000));
  else if (policy == DriftPolicy::Approve)
    text += " until it is approved";
  else if (policy == DriftPolicy::Warn)
    text += " by policy";
  if (drift.kind == DriftKind::Deleted) text += ": it was deleted";
  for (std::size_t i = 0; i < drift.fields.size() && i < kFieldsShown; ++i) {
    const FieldDrift& field = drift.fields[i];
    text += fmt::format("{}{} is {} ({}), not {}", i == 0 ? ": " : "; ", field.path, field.live, describe_taker(field),
                        field.desired);
  }
  if (drift.fields.size() > kFieldsShown) text += fmt::format("; and {} more", drift.fields.size() - kFieldsShown);
  std::vector<LogField> fields = {
      {"object", to_string(drift.key)}, {"drift", kind_name(drift.kind)}, {"policy", to_string(policy)}};
  if (drift.detected_after) fields.emplace_back("event_to_verdict_ms", *drift.detected_after);
  fields.push_back(data_of(drift));
  say(LogLevel::Warning, "drifted", text, std::move(fields));
}

void LogObserver::approved(const std::vector<Approval>& approvals) {
  progress_.clear();
  if (approvals.empty()) say(LogLevel::Info, "approved", "nothing is approved any more");
  for (const Approval& one : approvals) {
    std::string what = one.action == ApprovedAction::Repair  ? "to put back "
                       : one.action == ApprovedAction::Prune ? "to prune "
                                                             : "the plan ";
    if (one.action == ApprovedAction::Plan)
      what += one.plan.substr(0, 12);
    else
      what += one.object.kind.empty() ? fmt::format("{} objects at once", one.objects) : to_string(one.object);
    for (const std::string& field : one.fields) what += " " + field;
    say(LogLevel::Info, "approved",
        what + (one.by.empty() ? "" : ", by " + one.by) + (one.reason.empty() ? "" : ": " + one.reason));
  }
}

void LogObserver::yielded(const ObjectKey& key, const std::vector<Yielded>& fields) {
  progress_.clear();
  if (fields.empty()) {
    say(LogLevel::Info, "yielded", "hold all of " + to_string(key) + " again");
    return;
  }
  std::string text;
  for (std::size_t i = 0; i < fields.size() && i < kFieldsShown; ++i)
    text += fmt::format("{}{}{} ({})", i == 0 ? "" : "; ", to_string(fields[i].path),
                        fields[i].to.empty() ? "" : " to " + fields[i].to, fields[i].why);
  if (fields.size() > kFieldsShown) text += fmt::format("; and {} more", fields.size() - kFieldsShown);
  say(LogLevel::Info, "yielded", "leave in " + to_string(key) + ": " + text);
}

void LogObserver::fight(const ObjectKey& key, const Fight& fight, bool over) {
  progress_.clear();
  const std::string what = to_string(key) + (fight.field.empty() ? std::string() : " over " + fight.field) +
                           (fight.opponent ? " with " + describe(*fight.opponent) : std::string());
  if (over)
    say(LogLevel::Info, "fight-over", "no longer a fight about " + what);
  else
    say(LogLevel::Warning, "fight",
        "a fight about " + what + ": " + fight.why + "; it is put back less and less often, see who writes it");
}

void LogObserver::explained(const std::string& subject, const Explanation& explanation) {
  progress_.clear();
  say(LogLevel::Info, "explained", "explain: " + subject + ": " + to_string(explanation));
}

// What gets worse, and what is well again; that something is on its way is no news.
void LogObserver::health_changed(const ObjectKey& key, const Health& before, const Health& now) {
  const bool degraded = now.status == HealthStatus::Degraded;
  const bool recovered = before.status == HealthStatus::Degraded && now.status == HealthStatus::Healthy;
  if (!degraded && !recovered) return;
  progress_.clear();
  say(degraded ? LogLevel::Warning : LogLevel::Info, "health",
      to_string(key) + (degraded ? " is degraded: " + now.message : " is healthy again"));
}

void LogObserver::health_unknown(const ObjectKey& key, const std::string& reason) {
  progress_.clear();
  say(LogLevel::Warning, "health-rule", "cannot tell how " + to_string(key) + " fares, nothing begins on it: " + reason,
      {{"object", to_string(key)}});
}

void LogObserver::became_ready(const std::string& revision, std::size_t objects) {
  progress_.clear();
  say(LogLevel::Info, "ready", fmt::format("{} is healthy: {} object{}", revision, objects, objects == 1 ? "" : "s"),
      {{"revision", revision}});
}

void LogObserver::no_longer_ready(const std::string& revision, const ObjectKey& key, const Health& now) {
  progress_.clear();
  say(LogLevel::Warning, "degraded",
      fmt::format("{} is no longer healthy: {} is {}{}{}", revision, to_string(key), to_string(now.status),
                  now.message.empty() ? "" : ": ", now.message),
      {{"object", to_string(key)}, {"revision", revision}});
}

void LogObserver::round(const RoundSummary& summary) {
  progress_.finish();
  last_problem_.clear();
  if (summary.complete) {
    say(LogLevel::Info, "synced", fmt::format("the cluster is at {}", summary.revision),
        {{"objects", summary.objects}});
  } else {
    say(LogLevel::Error, "not-synced",
        fmt::format("{} of {} objects of {} could not be applied", summary.failed, summary.objects, summary.revision));
  }
}

}  // namespace holdfast
