// Whether an Override comes into force: who asks, what contradicts it, what it would touch.
#include "app/cluster_overrides.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "app/own_object.h"
#include "app/wall_time.h"
#include "holdfast/base/log.h"
#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kRetryAfter = 2s;

std::string because(const Override& one) { return one.reason.empty() ? "" : " (" + one.reason + ")"; }

}  // namespace

// Whether it comes into force now.
asio::awaitable<void> ClusterOverrides::consider(ApplicationName name, json::object object) {
  {
    const Subject& subject = subjects_.at(name);
    const auto tried = applications_.find(application_of(subject, name));
    if (tried == applications_.end() || !tried->second.held) {
      if (subject.was_active) co_return;  // what was in force is so still
      co_return wait(
          name, "ApplicationNotHeld",
          fmt::format("the Application {} is not there, is suspended, or cannot be held", subject.spec->application));
    }
    // Its end would wait for approval as its beginning does, and nothing would end by itself.
    if (tried->second.needs_approval && !subject.was_active)
      co_return end(name, OverridePhase::Rejected, "ApprovalRequired",
                    "its revisions wait for approval, so nothing is tried on it (try it on another environment)");
  }
  if (!co_await may_be_believed(name) || turns_.stopping()) co_return;
  bool undecided = false;
  if (const std::string why = conflict(subjects_.at(name), undecided); !why.empty()) {
    if (undecided) co_return wait(name, "Waiting", why);
    co_return end(name, OverridePhase::Rejected, "Conflict", why);
  }
  if (!subjects_.at(name).was_active && !subjects_.at(name).spec->ref && !co_await examine(name, std::move(object)))
    co_return;
  if (!turns_.stopping()) accept(name);
}

asio::awaitable<bool> ClusterOverrides::may_be_believed(ApplicationName name) {
  const std::chrono::sys_seconds created = subjects_.at(name).spec->created;
  const auto problem = co_await requests_.policy_problem_of(created);
  if (!problem) {
    retry(name, problem.error());
    co_return false;
  }
  if (!*problem) co_return true;
  end(name, OverridePhase::Rejected, "PolicyMissing", **problem);
  co_return false;
}

// The older one wins; one that is not decided yet is waited for.
std::string ClusterOverrides::conflict(const Subject& subject, bool& undecided) const {
  for (const auto& [name, other] : subjects_) {
    // What one took that is over has to be put back first, or another one would take that for what was there before.
    if (&other == &subject || !other.spec || (other.status.is_over() && !other.restoring)) continue;
    if (other.spec->namespace_ != subject.spec->namespace_ || other.spec->application != subject.spec->application)
      continue;
    if (!other.accepted && !is_older(*other.spec, *subject.spec)) continue;
    const std::string why = conflict_between(*subject.spec, *other.spec);
    if (why.empty()) continue;
    undecided = !other.accepted;
    return fmt::format("{} of {} is older and goes on until {}: {} (wait, or end it: holdfast drop {})", name.second,
                       other.spec->requested_by, to_timestamp(other.spec->ends_at()), why, name.second);
  }
  return {};
}

// False: it is told why not.
asio::awaitable<bool> ClusterOverrides::examine(ApplicationName name, json::object object) {
  const Tried& tried = applications_.at(application_of(subjects_.at(name), name));
  const auto catalog = daemon_.catalog();
  if (!tried.book->outcome() || catalog == nullptr) {
    wait(name, "SourceNotRead", "what Git says of the application is not known yet");
    co_return false;
  }
  auto objects = examine_override(*subjects_.at(name).spec, *tried.book->outcome()->unpatched, *catalog, tried.prepare);
  if (!objects) {
    const bool missing = objects.error().kind == ErrorKind::NotFound;
    end(name, OverridePhase::Rejected, missing ? "TargetNotFound" : "InvalidPatch", describe(objects.error()));
    co_return false;
  }
  const YieldRules rules = tried.yield_rules;
  const std::optional<ServiceAccount> as = tried.acts_as;
  std::vector<FormerValue> former;
  std::set<ObjectKey> keys;
  for (const OverriddenObject& one : *objects) {
    const auto found = co_await requests_.look_at(one, rules, as);
    if (turns_.stopping()) co_return false;
    if (!found) {
      retry(name, found.error());
      co_return false;
    }
    if (found->refused) {
      end(name, OverridePhase::Rejected, "LeftToOthers", *found->refused + "; change that instead, or what it may do");
      co_return false;
    }
    former.insert(former.end(), found->former.begin(), found->former.end());
    keys.insert(one.desired.key);
  }
  subjects_.at(name).objects = std::move(keys);
  co_return former.empty() || co_await keep_former(name, std::move(object), std::move(former));
}

// Before the first write: nobody could tell afterwards.
asio::awaitable<bool> ClusterOverrides::keep_former(ApplicationName name, json::object object,
                                                    std::vector<FormerValue> former) {
  const bool present = std::ranges::any_of(former, [](const FormerValue& one) { return one.value.has_value(); });
  Subject& subject = subjects_.at(name);
  subject.status.former = std::move(former);
  subject.status.set(OverridePhase::Pending, "Applying", "its former values are kept", wall_seconds());
  const Uid uid = subject.uid;
  Result<void> kept = co_await requests_.write_status(name, uid, status_document(subject.status));
  if (kept && present && !subjects_.at(name).finalizer) {
    // The status has another version by now.
    object["metadata"].get_object().erase("resourceVersion");
    kept = co_await requests_.set_finalizer(std::move(object), true);
  }
  if (!kept) {
    subjects_.at(name).status.former.clear();
    retry(name, kept.error());
  }
  co_return kept.has_value();
}

void ClusterOverrides::accept(const ApplicationName& name) {
  Subject& subject = subjects_.at(name);
  subject.accepted = true;
  subject.status.checked = content_of(*subject.spec);
  subject.waiting = subject.objects;
  const Override& one = *subject.spec;
  if (!subject.was_active) wait(name, "Applying", "it is being brought about");
  log(LogLevel::Info, "override-accepted",
      fmt::format("{} tries {} on {} until {}{}", one.requested_by, what_is_tried(one),
                  shown(application_of(subject, name)), to_timestamp(one.ends_at()), because(one)),
      {{"override", shown(name)}});
  if (subject.was_active) return;
  tell(name, false, "Accepted",
       fmt::format("{} tries {} until {}{}", one.requested_by, what_is_tried(one), to_timestamp(one.ends_at()),
                   because(one)));
  if (hooks_.done)
    hooks_.done(application_of(subject, name), "Try", one.requested_by,
                fmt::format("{}: {}{}", name.second, what_is_tried(one), because(one)));
}

void ClusterOverrides::wait(const ApplicationName& name, const std::string& reason, const std::string& message) {
  if (subjects_.at(name).status.set(OverridePhase::Pending, reason, message, wall_seconds())) write(name);
}

void ClusterOverrides::retry(const ApplicationName& name, const Error& error) {
  wait(name, "Waiting", "it cannot be judged now, and is looked at again: " + describe(error));
  subjects_.at(name).retry_at = Clock::now() + kRetryAfter;
  clock_.cancel();
}

}  // namespace holdfast
