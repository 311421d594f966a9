// What is tried on an application, what came of that, and its end.
#include "app/cluster_overrides.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "app/own_object.h"
#include "app/wall_time.h"
#include "holdfast/base/log.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kRetryAfter = 2s;

}  // namespace

void ClusterOverrides::end(const ApplicationName& name, OverridePhase phase, const std::string& reason,
                           const std::string& message) {
  Subject& subject = subjects_.at(name);
  if (subject.status.is_over()) return;
  const bool was_in_force = subject.accepted || subject.was_active;
  subject.status.set(phase, reason, message, wall_seconds());
  subject.accepted = false;
  subject.set_revision.clear();
  subject.waiting = subject.objects;
  subject.restoring = was_in_force && subject.status.has_to_restore();
  if (!was_in_force) subject.status.ended_at = wall_seconds();
  const bool refused = phase == OverridePhase::Rejected;
  log(refused ? LogLevel::Warning : LogLevel::Info, refused ? "override-rejected" : "override-ended",
      fmt::format("{} of {} on {}: {}", name.second, subject.spec->requested_by, shown(application_of(subject, name)),
                  message),
      {{"override", shown(name)}});
  tell(name, refused, reason, fmt::format("{}: {}", what_is_tried(*subject.spec), message));
  if (was_in_force && hooks_.done)
    hooks_.done(application_of(subject, name), "TryEnded", {}, fmt::format("{}: {}", name.second, message));
  write(name);
  rebuild(application_of(subject, name));
  look_at_all_of(application_of(subject, name));
}

// Nobody puts anything back for an application that is gone.
void ClusterOverrides::leave_as_it_is(const ApplicationName& name) {
  Subject& subject = subjects_.at(name);
  if (subject.status.ended_at || subject.seen != Presence::Gone) return;
  const auto now = wall_seconds();
  const std::string message =
      fmt::format("{}; the Application {} is gone, so what is left of its objects stays as it is",
                  subject.status.message, subject.spec->application);
  subject.restoring = false;
  subject.status.ended_at = now;
  subject.status.set(subject.status.phase, subject.status.reason, message, now);
  write(name);
}

// What it took is put back, and nothing holds it any more.
asio::awaitable<void> ClusterOverrides::finish_end(ApplicationName name, json::object object) {
  leave_as_it_is(name);
  if (subjects_.at(name).restoring) {
    if (!subjects_.at(name).restored || !co_await let_fields_be(name) || turns_.stopping()) co_return;
    Subject& subject = subjects_.at(name);
    subject.restoring = false;
    subject.status.ended_at = wall_seconds();
    write(name);
  }
  const Subject& subject = subjects_.at(name);
  if (!subject.finalizer || !subject.status.ended_at) co_return;
  const Result<void> removed = co_await requests_.set_finalizer(std::move(object), false);
  if (!removed && removed.error().kind != ErrorKind::Conflict) {
    log(LogLevel::Warning, "finalizer-unwritten",
        "could not remove the finalizer of " + shown(name) + ", which is tried again: " + describe(removed.error()));
    subjects_.at(name).retry_at = Clock::now() + kRetryAfter;
  }
}

asio::awaitable<bool> ClusterOverrides::let_fields_be(ApplicationName name) {
  const Subject& subject = subjects_.at(name);
  const auto tried = applications_.find(application_of(subject, name));
  const auto catalog = daemon_.catalog();
  if (tried == applications_.end() || !tried->second.book->outcome() || catalog == nullptr) co_return false;
  Override former = *subject.spec;
  former.patches = patches_to_restore(subject.status);
  auto objects = examine_override(former, *tried->second.book->outcome()->unpatched, *catalog, tried->second.prepare);
  if (!objects) co_return true;  // the object has left Git, and so have its fields
  const std::optional<ServiceAccount> as = tried->second.acts_as;
  for (OverriddenObject& object : *objects) {
    std::vector<std::string> paths;
    paths.reserve(object.undeclared.size());
    for (const OverridePatch& patch : object.undeclared) paths.push_back(patch.path);
    const Result<void> left = co_await requests_.leave_fields(std::move(object.desired), std::move(paths), as);
    if (left) continue;
    log(LogLevel::Warning, "fields-not-left",
        fmt::format("{}: what was put back cannot be let go of yet, which is tried again: {}", shown(name),
                    describe(left.error())));
    subjects_.at(name).retry_at = Clock::now() + kRetryAfter;
    co_return false;
  }
  co_return true;
}

bool ClusterOverrides::can_tell(const ApplicationName& application) const {
  if (!objects_.known()) return unseen_ && !applications_.at(application).tried_in_force;
  return std::ranges::all_of(subjects_, [&](const auto& entry) {
    const Subject& subject = entry.second;
    return subject.decided || (!subject.application.empty() && application_of(subject, entry.first) != application);
  });
}

// What is tried on an application, once more.
void ClusterOverrides::rebuild(const ApplicationName& application) {
  const auto found = applications_.find(application);
  if (found == applications_.end() || !found->second.held || !can_tell(application)) return;
  std::vector<std::pair<const Override*, const Subject*>> all;
  for (const auto& [name, subject] : subjects_)
    if ((subject.accepted || subject.restoring) && application_of(subject, name) == application)
      all.emplace_back(&*subject.spec, &subject);
  std::ranges::sort(all, [](const auto& a, const auto& b) { return is_older(*a.first, *b.first); });
  Trial trial;
  for (const auto& [one, subject] : all) {
    if (subject->restoring)
      trial.patches.push_back({one->name, patches_to_restore(subject->status)});
    else if (one->ref)
      trial.ref = TriedRef{one->name, *one->ref, subject->was_active ? subject->status.revision : std::string()};
    else
      trial.patches.push_back({one->name, one->patches});
  }
  const TrialPtr before = found->second.book->trial();
  found->second.book->set(std::move(trial));
  if (before == found->second.book->trial()) return;
  daemon_.read_on(application);
  if (hooks_.changed) hooks_.changed(application);
}

void ClusterOverrides::outcome_told(const ApplicationName& application) {
  const Tried& tried = applications_.at(application);
  std::vector<ApplicationName> names;
  for (auto& [name, subject] : subjects_)
    if (subject.spec && application_of(subject, name) == application) names.push_back(name);
  for (const ApplicationName& name : names)
    if (const auto found = subjects_.find(name); found != subjects_.end()) settle(name, found->second, tried);
  look_at_all_of(application);
}

// In an earlier process it may have been applied already.
void ClusterOverrides::tell_active(Subject& subject, const std::string& note) {
  const bool applied = subject.was_active && subject.status.applied_at;
  const std::string message = applied ? "applied: " + subject.status.tries : std::string("it is being applied");
  subject.status.set(OverridePhase::Active, applied ? "Applied" : "Applying", note.empty() ? message : note,
                     wall_seconds());
}

// What the last reading made of it.
void ClusterOverrides::settle(const ApplicationName& name, Subject& subject, const Tried& tried) {
  const TrialOutcome& outcome = *tried.book->outcome();
  if (outcome.trial != tried.book->trial()) return;  // another reading is due
  if (subject.accepted) {
    const auto part = outcome.parts.find(name.second);
    if (part == outcome.parts.end()) return;
    if (part->second.error) return left_out(name, subject, *part->second.error);
    // Rather than a ref that somebody else tries.
    const bool by_git = subject.spec->ref || outcome.unpatched == outcome.base;
    const bool was_there = by_git && subject.differed && subject.status.applied_at;
    if (was_there && !part->second.differs)
      return end(name, OverridePhase::Superseded, "Superseded",
                 "Git says the same by now, at " + outcome.base->revision);
    subject.differed = subject.differed || part->second.differs;
    if (!part->second.revision.empty()) subject.status.revision = part->second.revision;
    const bool another = subject.set_revision != outcome.made->revision;
    if (another && subject.status.phase != OverridePhase::Active) tell_active(subject, part->second.note);
  } else if (!subject.status.is_over() || subject.status.ended_at || subject.restored) {
    return;
  }
  if (std::exchange(subject.set_revision, outcome.made->revision) == outcome.made->revision) return;
  write(name);
  if (tried.complete == subject.set_revision) brought_about(name);
}

// What was never in force and never will be is over; a ref may come yet.
void ClusterOverrides::left_out(const ApplicationName& name, Subject& subject, const Error& error) {
  const bool was_in_force = subject.status.phase == OverridePhase::Active || subject.was_active;
  const bool ref = subject.spec->ref.has_value();
  if (!ref && !was_in_force) return end(name, OverridePhase::Rejected, "InvalidPatch", describe(error));
  subject.status.applied_at.reset();
  subject.set_revision.clear();
  const char* reason = ref ? "RefNotReadable" : "TargetNotFound";
  const std::string message = describe(error) + "; the application goes on without it";
  if (!subject.status.set(ref ? OverridePhase::Pending : OverridePhase::Active, reason, message, wall_seconds()))
    return;
  tell(name, true, reason, message);
  write(name);
}

std::vector<ApplicationName> ClusterOverrides::brought_with(const ApplicationName& application,
                                                            const std::string& revision) const {
  std::vector<ApplicationName> names;
  for (const auto& [name, subject] : subjects_)
    if (subject.spec && application_of(subject, name) == application && subject.set_revision == revision)
      names.push_back(name);
  return names;
}

void ClusterOverrides::applied(const ApplicationName& application, const ObjectKey& key, const std::string& revision) {
  for (const ApplicationName& name : brought_with(application, revision))
    if (const auto found = subjects_.find(name); found != subjects_.end())
      if (found->second.waiting.erase(key) != 0 && found->second.waiting.empty()) brought_about(name);
}

void ClusterOverrides::round_complete(const ApplicationName& application, const std::string& revision) {
  applications_[application].complete = revision;
  for (const ApplicationName& name : brought_with(application, revision)) brought_about(name);
}

// What it asks for is in the cluster, or is there no longer.
void ClusterOverrides::brought_about(const ApplicationName& name) {
  const auto found = subjects_.find(name);
  if (found == subjects_.end()) return;
  Subject& subject = found->second;
  const auto now = wall_seconds();
  subject.waiting.clear();
  if (subject.accepted) {
    if (subject.status.is_ready()) return;
    subject.status.applied_at = now;
    subject.status.set(OverridePhase::Active, "Applied", "applied: " + subject.status.tries, now);
    tell(name, false, "Applied", subject.status.message);
  } else {
    if (subject.status.ended_at || subject.restored) return;
    subject.restored = subject.restoring;
    if (!subject.restoring) subject.status.ended_at = now;
    tell(name, false, "Reverted", "nothing of it is in the cluster any more: " + subject.status.tries);
  }
  const bool more_to_do = subject.restored || subject.finalizer;
  write(name);
  if (hooks_.changed) hooks_.changed(application_of(subject, name));
  if (more_to_do) object_changed(name);
}

}  // namespace holdfast
