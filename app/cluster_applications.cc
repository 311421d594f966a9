#include "app/cluster_applications.h"

#include <utility>

#include "app/installations.h"
#include "app/own_definitions.h"
#include "app/own_object.h"
#include "app/person_requests.h"
#include "app/wall_time.h"
#include "holdfast/base/log.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

// Asks that the source be looked at now; any new value counts. Ours, and that of `flux reconcile`.
constexpr std::string_view kRequestedAt[] = {"holdfast.dev/requestedAt", "reconcile.fluxcd.io/requestedAt"};

std::string requested_at(const json::object& object) {
  for (const std::string_view name : kRequestedAt)
    if (const std::string_view value = string_at(object, {"metadata", "annotations", name}); !value.empty())
      return std::string(value);
  return {};
}

}  // namespace

ClusterApplications::ClusterApplications(asio::any_io_executor executor, Daemon& daemon, ClusterPorts cluster,
                                         SetupContext context, std::shared_ptr<RepositoryHub> repositories,
                                         std::function<double()> chance)
    : executor_(executor),
      daemon_(daemon),
      cluster_(std::move(cluster)),
      context_(std::move(context)),
      repositories_(std::move(repositories)),
      objects_(executor, cluster_.api, cluster_.watches, *this, chance, application_resource(), {},
               context_.only_namespace),
      writer_(executor, cluster_.api, chance, application_resource(), context_.installation),
      overrides_(executor, daemon, cluster_, chance, override_hooks(), context_.installation, context_.only_namespace),
      requests_(executor, cluster_.api, chance, [this](const ApplicationName& name) { write_status(name); }),
      turns_(
          executor, [this](ApplicationName name) { return look(std::move(name)); },
          [this](const ApplicationName& name) { rested(name); }) {}

ClusterOverrides::Hooks ClusterApplications::override_hooks() {
  const auto tell_of = [this](const ApplicationName& name, bool warning, std::string reason, std::string note) {
    if (const auto found = subjects_.find(name); found != subjects_.end() && !found->second.uid.empty())
      writer_.tell({{name, found->second.uid}, warning, std::move(reason), std::move(note)});
  };
  return {[this](const ApplicationName& name) { return presence_of(name); }, tell_of,
          [this](const ApplicationName& name) {
            if (const auto found = subjects_.find(name); found != subjects_.end() && found->second.status != nullptr)
              write_status(name);
          },
          [this](const ApplicationName& name, std::string action, std::string who, std::string why) {
            if (const auto found = subjects_.find(name); found != subjects_.end() && found->second.status != nullptr)
              found->second.status->was_done(std::move(action), std::move(who), std::move(why));
          }};
}

// One that goes is there until it is let go of.
ClusterOverrides::Presence ClusterApplications::presence_of(const ApplicationName& name) const {
  using enum ClusterOverrides::Presence;
  const auto found = subjects_.find(name);
  const Subject* const subject = found == subjects_.end() ? nullptr : &found->second;
  if (subject != nullptr && subject->for_another) return Anothers;
  if (subject != nullptr && subject->unclaimed) return Unknown;
  if (subject != nullptr && subject->contested) return Anothers;
  if (subject != nullptr && subject->ending) return Gone;
  if (objects_.find(name) == nullptr && (subject == nullptr || !subject->held))
    return objects_.known() ? Gone : Unknown;
  return subject == nullptr || subject->uid.empty() ? Unknown : Present;
}

asio::awaitable<void> ClusterApplications::run() {
  objects_.start();
  if (!standing_by_) start();
  co_await turns_.stopped();
  objects_.stop();
  co_await objects_.ended();
  co_await turns_.join();
  writer_.stop();
  co_await writer_.ended();
}

void ClusterApplications::stop() {
  turns_.stop();
  overrides_.stop();
  requests_.stop();
}

void ClusterApplications::start() {
  turns_.spawn(overrides_.run());
  // Who sees one namespace may not read policies, which are the cluster's; it asks where somebody asks for something.
  if (context_.only_namespace.empty()) turns_.spawn(requests_.run());
}

void ClusterApplications::begin() {
  standing_by_ = false;
  start();
  for (const ApplicationName& name : std::exchange(seen_meanwhile_, {})) object_changed(name);
}

void ClusterApplications::object_changed(const ApplicationName& name) {
  if (turns_.stopping()) return;
  also_tell_(name);
  if (standing_by_) {
    seen_meanwhile_.insert(name);
    return;
  }
  subjects_.try_emplace(name);
  turns_.look_at(name);
}

void ClusterApplications::objects_known() {
  daemon_.all_are_here();
  overrides_.presences_changed();
  if (!std::exchange(unseen_, std::string()).empty())
    log(LogLevel::Info, "applications-seen", "the Applications of the cluster are seen again");
}

void ClusterApplications::objects_unknown(const Error& error) {
  std::string text = describe(error);
  if (error.kind == ErrorKind::NotFound)
    text =
        "the cluster has no Applications of holdfast.dev/v1alpha1 (install them: holdfast install | kubectl apply "
        "-f -)";
  if (text == std::exchange(unseen_, text)) return;
  log(LogLevel::Error, "applications-unseen", text + "; what is held stays held");
}

void ClusterApplications::ended(const ApplicationName& name, std::size_t objects_left) {
  const auto found = subjects_.find(name);
  if (found == subjects_.end() || !found->second.ending || objects_left != 0) return;
  found->second.ended = true;
  found->second.held.reset();
  object_changed(name);
}

// Level-triggered: whatever brought us here, what counts is what there is now.
asio::awaitable<void> ClusterApplications::look(ApplicationName name) {
  co_await look_at(name);
  overrides_.presence_changed(name);
}

void ClusterApplications::rested(const ApplicationName& name) {
  const Subject& subject = subjects_.at(name);
  if (objects_.find(name) == nullptr && !subject.held && !subject.ending) subjects_.erase(name);
}

asio::awaitable<void> ClusterApplications::look_at(ApplicationName name) {
  LivePtr live = objects_.find(name);
  const bool for_another = live != nullptr && is_for_another(*live, context_.installation);
  if (for_another) live = nullptr;
  subjects_.at(name).for_another = for_another;
  const Uid& known = subjects_.at(name).uid;
  if (live == nullptr || (!known.empty() && known != live->uid)) co_await gone(name);
  if (live == nullptr || turns_.stopping()) co_return;
  Result<json::value> object = parse_json(live->body);
  if (!object || !object->is_object()) co_return;  // the server's own bug: nothing is concluded from it
  begin(name, subjects_.at(name), object->get_object());
  if (live->terminating) co_return co_await end(std::move(name), std::move(object->get_object()));
  co_await take(name, object->get_object());
  if (!turns_.stopping()) co_await meet_requests(std::move(name), std::move(object->get_object()));
}

// What is to be known of an object before anything is done about it.
void ClusterApplications::begin(const ApplicationName& name, Subject& subject, const json::object& object) {
  const Uid uid{std::string(string_at(object, {"metadata", "uid"}))};
  if (subject.status != nullptr && subject.uid == uid) return;
  subject.uid = uid;
  subject.generation = 0;
  subject.requested_at = requested_at(object);
  subject.unclaimed = true;
  ApplicationStatus::Hooks hooks;
  hooks.now = wall_seconds;
  hooks.changed = [this, name] { write_status(name); };
  hooks.transition = [this, name](const std::string& type, const ApplicationCondition& now) { tell(name, type, now); };
  hooks.claim_known = [this, name] { claim_known(name); };
  hooks.happened = [this, name, uid](bool warning, const std::string& reason, const std::string& note) {
    writer_.tell({{name, uid}, warning, reason, note});
  };
  subject.status = std::make_shared<ApplicationStatus>(true, std::move(hooks));
  if (const json::value* status = find(object, {"status"}); status != nullptr && status->is_object())
    subject.status->recall(status->get_object());
  requests_.begin(name, std::string(string_at(object, {"status", "requestsCheckedBy"})));
}

// Without a finalizer of ours nobody asked that its objects go with it.
asio::awaitable<void> ClusterApplications::gone(ApplicationName name) {
  const bool held = subjects_.at(name).held.has_value() || subjects_.at(name).ending;
  if (held) {
    log(LogLevel::Info, "letting-go", "letting go of " + shown(name) + "; its objects stay as they are");
    co_await let_go(name);
  }
  writer_.forget(name);
  requests_.forget(name);
  refused_.erase(name);
  Subject& subject = subjects_.at(name);
  Subject nothing;
  nothing.for_another = subject.for_another;
  subject = std::move(nothing);
}

// A new word counts once; what was there before we came does not.
void ClusterApplications::notice_request(const ApplicationName& name, Subject& subject, const json::object& object) {
  std::string word = requested_at(object);
  subject.status->set_handled_reconcile(word);
  if (word == std::exchange(subject.requested_at, word) || word.empty()) return;
  log(LogLevel::Info, "requested", "looking at " + shown(name) + ", as its annotation asks for", {{"at", word}});
  daemon_.look_at(name);
}

// Each counts once, by its id; only where the API server has held it to who asks.
asio::awaitable<void> ClusterApplications::meet_requests(ApplicationName name, json::object object) {
  const std::optional<ApprovalRequest> approval = approval_asked(object);
  const std::optional<RollbackRequest> rollback = rollback_asked(object);
  const auto news = [this, name](const auto& request, std::string RollOutRecord::* handled) {
    const auto subject = subjects_.find(name);
    return request && subject != subjects_.end() && subject->second.status != nullptr &&
           subject->second.status->record().*handled != request->id;
  };
  const bool approves = news(approval, &RollOutRecord::handled_approval);
  const bool rolls_back = news(rollback, &RollOutRecord::handled_rollback);
  requests_.seen(name, approves || rolls_back);
  if ((!approves && !rolls_back) || daemon_.roll_outs(name) == nullptr) co_return;
  const std::string objection = co_await requests_.objection(name);
  RollOutControl* const roll_outs = daemon_.roll_outs(name);
  const auto subject = subjects_.find(name);
  if (roll_outs == nullptr || subject == subjects_.end() || !subject->second.held) co_return;
  if (!objection.empty()) requests_.refused(name);
  if (approves) {
    if (objection.empty())
      roll_outs->approve(*approval);
    else
      roll_outs->refuse_approval(*approval, objection);
  }
  if (!rolls_back) co_return;
  const bool known = rollback->revision.empty() || subject->second.status->history().has(rollback->revision);
  if (objection.empty() && known)
    roll_outs->roll_back(*rollback);
  else
    roll_outs->refuse_rollback(*rollback,
                               objection.empty() ? rollback->revision + " is not in its history" : objection);
}

// What another installation says of it is not to be overwritten by somebody who only has not looked yet.
void ClusterApplications::claim_known(const ApplicationName& name) {
  const auto found = subjects_.find(name);
  if (found == subjects_.end() || !std::exchange(found->second.unclaimed, false)) return;
  write_status(name);
  overrides_.presence_changed(name);
}

void ClusterApplications::write_status(const ApplicationName& name) {
  const auto found = subjects_.find(name);
  if (found == subjects_.end() || found->second.unclaimed) return;
  const bool contested = found->second.status != nullptr && found->second.status->is_contested();
  if (std::exchange(found->second.contested, contested) != contested) overrides_.presence_changed(name);
  std::weak_ptr<ApplicationStatus> status = found->second.status;
  writer_.write({name, found->second.uid}, [this, name, status] {
    const auto kept = status.lock();
    if (kept == nullptr) return json::object();
    json::object document = kept->document();
    if (!document.contains("inventory")) return document;
    document["inventory"] = json::object{{"objects", daemon_.objects(name)}};
    if (std::string under = requests_.under(name); !under.empty()) document["requestsCheckedBy"] = std::move(under);
    json::array tried;
    for (const std::string& one : overrides_.in_force(name)) tried.emplace_back(one);
    if (!tried.empty()) document["overrides"] = std::move(tried);
    return document;
  });
}

// One Event for what people ask for first; the other conditions follow from it, or are in the status.
void ClusterApplications::tell(const ApplicationName& name, const std::string& type, const ApplicationCondition& now) {
  const auto found = subjects_.find(name);
  if (found == subjects_.end() || type != "Ready" || now.reason == "Progressing") return;
  if (now.reason == "ApprovalRequired" || now.reason == "RollOutFailed") return;  // told with what it is about
  writer_.tell({{name, found->second.uid}, now.status == ConditionStatus::False, now.reason, now.message});
}

}  // namespace holdfast
