#include "app/cluster_overrides.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "app/installations.h"
#include "app/own_definitions.h"
#include "app/own_object.h"
#include "app/wall_time.h"
#include "holdfast/base/log.h"
#include "holdfast/base/timestamp.h"
#include "sources/override_reader.h"
#include "sources/tried_source.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kLongestSleep = 10s;  // the wall clock may be set meanwhile

std::chrono::system_clock::time_point wall_time() { return std::chrono::system_clock::now(); }

std::string because(const Override& one) { return one.reason.empty() ? "" : " (" + one.reason + ")"; }

}  // namespace

// Hears what becomes of the application.
class ClusterOverrides::Listener final : public ApplicationObserver {
 public:
  Listener(ClusterOverrides& owner, ApplicationName name) : owner_(owner), name_(std::move(name)) {}

  void applied(const ObjectKey& key, bool /*created*/, const std::string& revision) override {
    owner_.applied(name_, key, revision);
  }
  void round(const RoundSummary& summary) override {
    if (summary.complete) owner_.round_complete(name_, summary.revision);
  }
  void repaired(const Repair& /*repair*/) override {}
  void pruned(const ObjectKey& /*key*/) override {}
  void held_back(const ObjectKey& /*key*/, const std::string& /*reason*/) override {}
  void refused(const ObjectKey& key, const Error& error) override { fault(key, error); }
  void failed(const ObjectKey& key, const Error& error, std::chrono::milliseconds /*retry_in*/) override {
    fault(key, error);
  }
  void set_problem(const Error& /*error*/) override {}
  void waiting(const Error& /*reason*/) override {}

 private:
  // What is refused of it is told where it was asked for.
  void fault(const ObjectKey& key, const Error& error) {
    for (auto& [name, subject] : owner_.subjects_) {
      if (!subject.spec || application_of(subject, name) != name_ || !subject.accepted) continue;
      if (subject.status.applied_at || !subject.waiting.contains(key)) continue;
      if (subject.status.set(OverridePhase::Active, "NotApplied", to_string(key) + ": " + describe(error),
                             wall_seconds())) {
        owner_.tell(name, true, "NotApplied", subject.status.message);
        owner_.write(name);
      }
    }
  }

  ClusterOverrides& owner_;
  ApplicationName name_;
};

ClusterOverrides::ClusterOverrides(asio::any_io_executor executor, Daemon& daemon, ClusterPorts cluster,
                                   std::function<double()> chance, Hooks hooks, const std::string& installation,
                                   std::string only_namespace)
    : executor_(executor),
      daemon_(daemon),
      cluster_(std::move(cluster)),
      hooks_(std::move(hooks)),
      requests_(cluster_.api, installation),
      objects_(executor, cluster_.api, cluster_.watches, *this, chance, override_resource(), {},
               std::move(only_namespace)),
      writer_(executor, cluster_.api, chance, override_resource(), installation),
      turns_(
          executor, [this](ApplicationName name) { return look_at(std::move(name)); },
          [this](const ApplicationName& name) {
            if (objects_.find(name) == nullptr) subjects_.erase(name);
          }),
      clock_(executor) {}

asio::awaitable<void> ClusterOverrides::run() {
  objects_.start();
  turns_.spawn(keep_time());
  co_await turns_.stopped();
  objects_.stop();
  co_await objects_.ended();
  co_await turns_.join();
  writer_.stop();
  co_await writer_.ended();
}

void ClusterOverrides::stop() {
  turns_.stop();
  clock_.cancel();
}

std::unique_ptr<Source> ClusterOverrides::around(const ApplicationName& name, const ApplicationSetup& setup,
                                                 std::unique_ptr<Source> source, bool tried_in_force) {
  Tried& tried = applications_[name];
  if (tried.book != nullptr) tried.book->on_outcome = nullptr;
  tried.book = std::make_shared<TrialBook>(executor_);
  tried.book->on_outcome = [this, name] { outcome_told(name); };
  tried.prepare = setup.prepare;
  tried.yield_rules = setup.yield_rules;
  tried.needs_approval = setup.revisions == RevisionPolicy::Approve;
  tried.acts_as = setup.acts_as;
  tried.complete.clear();
  tried.held = true;
  tried.tried_in_force = tried_in_force;
  rebuild(name);
  look_at_all_of(name);
  return make_tried_source(executor_, std::move(source), tried.book, tried_ref_source(executor_, setup.source));
}

std::shared_ptr<ApplicationObserver> ClusterOverrides::observer(const ApplicationName& name) {
  return std::make_shared<Listener>(*this, name);
}

void ClusterOverrides::not_held(const ApplicationName& name) {
  const auto found = applications_.find(name);
  if (found == applications_.end()) return;
  found->second.held = false;
  found->second.book->on_outcome = nullptr;  // its source may go on for a moment
  found->second.book = std::make_shared<TrialBook>(executor_);
  look_at_all_of(name);
}

void ClusterOverrides::presence_changed(const ApplicationName& name) {
  std::vector<ApplicationName> names;
  for (const auto& [own, subject] : subjects_)
    if (!subject.application.empty() && application_of(subject, own) == name && subject.seen != hooks_.presence(name))
      names.push_back(own);
  for (const ApplicationName& own : names) object_changed(own);
}

void ClusterOverrides::presences_changed() {
  std::set<ApplicationName> applications;
  for (const auto& [own, subject] : subjects_)
    if (!subject.application.empty()) applications.insert(application_of(subject, own));
  for (const ApplicationName& application : applications) presence_changed(application);
}

std::vector<std::string> ClusterOverrides::in_force(const ApplicationName& name) const {
  std::vector<std::string> all;
  for (const auto& [own, subject] : subjects_)
    if (subject.accepted && subject.spec && application_of(subject, own) == name &&
        subject.status.phase == OverridePhase::Active)
      all.push_back(fmt::format("{}: {}, by {} until {}{}", own.second, what_is_tried(*subject.spec),
                                subject.spec->requested_by, to_timestamp(subject.spec->ends_at()),
                                because(*subject.spec)));
  return all;
}

ApplicationName ClusterOverrides::application_of(const Subject& subject, const ApplicationName& name) {
  return {name.first, subject.application};
}

void ClusterOverrides::object_changed(const ApplicationName& name) {
  if (turns_.stopping()) return;
  subjects_.try_emplace(name);
  turns_.look_at(name);
}

void ClusterOverrides::objects_known() {
  if (!std::exchange(said_unseen_, std::string()).empty())
    log(LogLevel::Info, "overrides-seen", "the Overrides of the cluster are seen again");
  unseen_ = false;
  for (const auto& [name, tried] : applications_) rebuild(name);
}

void ClusterOverrides::objects_unknown(const Error& error) {
  std::string text = describe(error);
  if (error.kind == ErrorKind::NotFound)
    text =
        "the cluster has no Overrides of holdfast.dev/v1alpha1 (install them: holdfast install | kubectl apply -f -)";
  if (text != std::exchange(said_unseen_, text))
    log(LogLevel::Warning, "overrides-unseen", text + "; what is tried by now goes on");
  if (objects_.known() || std::exchange(unseen_, true)) return;
  for (const auto& [name, tried] : applications_) rebuild(name);
}

asio::awaitable<void> ClusterOverrides::look_at(ApplicationName name) {
  const LivePtr live = objects_.find(name);
  const Uid& known = subjects_.at(name).uid;
  if (live == nullptr || (!known.empty() && known != live->uid)) gone(name);
  if (live == nullptr || turns_.stopping()) co_return;
  Result<json::value> parsed = parse_json(live->body);
  if (!parsed || !parsed->is_object()) co_return;  // the server's own bug: nothing is concluded from it
  json::object object = std::move(parsed->get_object());
  Subject& subject = subjects_.at(name);
  const bool undecided = !subject.decided;
  subject.retry_at = Clock::time_point::max();
  if (!subject.accepted && !subject.restoring) subject.application = string_at(object, {"spec", "application"});
  subject.seen = hooks_.presence(application_of(subject, name));
  if (subject.seen == Presence::Anothers)
    leave_to_another(name);
  else if (subject.seen != Presence::Unknown)
    co_await look_at(name, std::move(object), live->terminating);
  if (const Subject& now = subjects_.at(name); now.spec) rebuild(application_of(now, name));
  if (undecided)  // somebody may have waited for it
    for (const auto& [application, tried] : applications_)
      if (!tried.book->known()) rebuild(application);
  clock_.cancel();
}

// Of an application that is ours, or that is not there.
asio::awaitable<void> ClusterOverrides::look_at(ApplicationName name, json::object object, bool terminating) {
  if (begin(name, object)) {
    if (terminating)
      end(name, OverridePhase::Expired, "Dropped", "somebody has ended it by deleting it");
    else if (wall_time() >= subjects_.at(name).spec->ends_at())
      end(name, OverridePhase::Expired, "Expired", "its time is over");
    Subject& subject = subjects_.at(name);
    subject.dropped = terminating;
    if (subject.status.is_over())
      co_await finish_end(name, std::move(object));
    else if (!subject.accepted)
      co_await consider(name, std::move(object));
  }
  Subject& now = subjects_.at(name);
  now.decided = now.decided || !now.was_active || now.accepted || now.status.is_over();
}

// Nothing of it is ours to say, to bring about or to end. It is begun anew where its application becomes ours.
void ClusterOverrides::leave_to_another(const ApplicationName& name) {
  Subject& subject = subjects_.at(name);
  if (!subject.uid.empty()) writer_.forget(name);
  Subject nothing;
  nothing.application = std::move(subject.application);
  nothing.seen = Presence::Anothers;
  nothing.decided = true;
  subject = std::move(nothing);
}

// What is to be known of it before anything is done. False: it is not one.
bool ClusterOverrides::begin(const ApplicationName& name, const json::object& object) {
  Subject& subject = subjects_.at(name);
  const Uid uid{std::string(string_at(object, {"metadata", "uid"}))};
  Result<Override> read = read_override(object);
  subject.finalizer = has_finalizer(object, kOverrideFinalizer);
  const bool first = subject.uid != uid;
  subject.uid = uid;
  subject.decided = subject.decided && !first;
  if (first && read) {
    if (const json::value* status = find(object, {"status"})) subject.status = recall_status(*status, *read);
    // What it was before is kept right before it is brought about.
    const bool begun = subject.status.phase == OverridePhase::Pending && !subject.status.former.empty();
    subject.was_active = subject.status.phase == OverridePhase::Active || begun;
    subject.differed = subject.was_active;
    subject.restoring = subject.status.has_to_restore();
    if (!subject.status.is_over()) subject.status.phase = OverridePhase::Pending;
  }
  subject.status.generation = generation_of(object);
  if (!read) {
    subject.status.set(OverridePhase::Rejected, "InvalidSpec", describe(read.error()), wall_seconds());
    write(name);
    return false;
  }
  // The policy lets nobody do that, where it is in force.
  const std::string& checked = subject.status.checked;
  const bool changed = !checked.empty() && checked != content_of(*read);
  if (changed && !subject.spec) subject.spec = std::move(*read);
  if (changed) {
    end(name, OverridePhase::Expired, "Changed",
        "what it tries was changed while nobody held that to who asks, so it has ended (make another one)");
    return true;
  }
  const bool longer = subject.spec && subject.spec->ends_at() != read->ends_at();
  subject.spec = std::move(*read);
  subject.status.tries = what_is_tried(*subject.spec);
  subject.status.ends_at = subject.spec->ends_at();
  if (longer) write(name);
  return true;
}

// It is not there any more, and nothing of it has to be put back.
void ClusterOverrides::gone(const ApplicationName& name) {
  writer_.forget(name);
  Subject& subject = subjects_.at(name);
  const std::optional<Override> spec = subject.spec;
  const bool in_force = subject.accepted;
  Subject nothing;
  nothing.decided = true;
  subject = std::move(nothing);
  if (!spec) return;
  const ApplicationName application{name.first, spec->application};
  if (in_force) {
    log(LogLevel::Info, "override-ended",
        shown(name) + " was deleted: what it tried on " + shown(application) + " ends", {{"override", shown(name)}});
    if (hooks_.tell)
      hooks_.tell(application, false, "OverrideDropped",
                  fmt::format("{} of {} was deleted: {}", name.second, spec->requested_by, what_is_tried(*spec)));
    if (hooks_.done) hooks_.done(application, "TryEnded", {}, fmt::format("{} was deleted", name.second));
  }
  rebuild(application);
  look_at_all_of(application);
}

void ClusterOverrides::look_at_all_of(const ApplicationName& application) {
  std::vector<ApplicationName> names;
  for (const auto& [name, subject] : subjects_)
    if (subject.spec && application_of(subject, name) == application &&
        (!subject.status.is_over() || subject.restoring) && !subject.accepted)
      names.push_back(name);
  for (const ApplicationName& name : names) object_changed(name);
}

// Ends what has to end, and looks again at what could not be judged.
asio::awaitable<void> ClusterOverrides::keep_time() {
  while (!turns_.stopping()) {
    const auto now = wall_time();
    const auto ticks = Clock::now();
    auto wake = ticks + kLongestSleep;
    std::vector<ApplicationName> due;
    for (auto& [name, subject] : subjects_) {
      const bool over = !subject.spec || subject.status.is_over();
      if (subject.retry_at <= ticks || (!over && subject.spec->ends_at() <= now)) {
        due.push_back(name);
        continue;
      }
      wake = std::min(wake, subject.retry_at);
      if (!over) wake = std::min(wake, ticks + (subject.spec->ends_at() - now));
    }
    for (const ApplicationName& name : due) {
      subjects_.at(name).retry_at = Clock::time_point::max();
      object_changed(name);
    }
    clock_.expires_at(due.empty() ? wake : ticks + 1s);
    co_await clock_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void ClusterOverrides::write(const ApplicationName& name) {
  const auto found = subjects_.find(name);
  if (found == subjects_.end() || found->second.uid.empty()) return;
  const Uid uid = found->second.uid;
  writer_.write({name, uid}, [this, name, uid] {
    const auto subject = subjects_.find(name);
    if (subject == subjects_.end() || subject->second.uid != uid) return json::object();
    return status_document(subject->second.status);
  });
}

// Where it stands for itself, and where people look first.
void ClusterOverrides::tell(const ApplicationName& name, bool warning, const std::string& reason,
                            const std::string& note) {
  const Subject& subject = subjects_.at(name);
  writer_.tell({{name, subject.uid}, warning, reason, note});
  if (!hooks_.tell || !subject.spec) return;
  hooks_.tell(application_of(subject, name), warning, "Override" + reason,
              fmt::format("{} of {}: {}", name.second, subject.spec->requested_by, note));
}

}  // namespace holdfast
