#include "app/cluster_applications.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "app/installations.h"
#include "app/log_observer.h"
#include "app/nothing_source.h"
#include "app/observer_list.h"
#include "app/own_definitions.h"
#include "app/person_requests.h"
#include "holdfast/base/log.h"
#include "holdfast/model/api_status.h"
#include "sources/application_reader.h"
#include "sources/trial.h"

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

std::int64_t generation_of(const json::object& object) {
  const json::value* generation = find(object, {"metadata", "generation"});
  return generation != nullptr && generation->is_int64() ? generation->get_int64() : 0;
}

json::array finalizers_of(const json::object& object) {
  const json::value* finalizers = find(object, {"metadata", "finalizers"});
  return finalizers != nullptr && finalizers->is_array() ? finalizers->get_array() : json::array();
}

bool has_finalizer(const json::object& object) {
  return std::ranges::any_of(finalizers_of(object), [](const json::value& one) {
    return one.is_string() && std::string_view(one.get_string()) == kApplicationFinalizer;
  });
}

// As far as it can be told of what is wrong otherwise.
std::string repository_of_object(const LivePtr& live) {
  const Result<json::value> object = live ? parse_json(live->body) : Result<json::value>(json::value());
  if (!object) return {};
  Application application;
  SourceSpec& source = application.source;
  source.repo_url = string_at(*object, {"spec", "source", "repoURL"});
  source.chart = string_at(*object, {"spec", "source", "chart"});
  application.namespace_ = live->key.namespace_;
  application.service_account = string_at(*object, {"spec", "serviceAccountName"});
  for (const auto& [name, into] :
       {std::pair("branch", &source.branch), std::pair("tag", &source.tag), std::pair("commit", &source.commit),
        std::pair("semver", &source.semver), std::pair("digest", &source.digest)})
    *into = string_at(*object, {"spec", "source", "ref", name});
  return repository_of(application);
}

// Rather than with something that is tried on it.
bool is_as_git_says(const json::object& status) {
  const std::string revision(string_at(status, {"lastAppliedRevision"}));
  return without_trial(revision) == revision;
}

// What an object leaves out is its own namespace, never the daemon's.
void at_home(const ApplicationName& name, Application& application) {
  application.namespace_ = name.first;
  if (application.target_namespace.empty()) application.target_namespace = name.first;
}

std::string shown(const ApplicationName& name) { return name.first + "/" + name.second; }

std::chrono::sys_seconds wall_time() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
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
      requests_(executor, cluster_.api, chance),
      tasks_(executor),
      signal_(executor) {}

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
  while (!stopping_) {
    signal_.expires_at(Clock::time_point::max());
    co_await signal_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  objects_.stop();
  co_await objects_.ended();
  co_await tasks_.join();
  writer_.stop();
  co_await writer_.ended();
}

void ClusterApplications::stop() {
  stopping_ = true;
  overrides_.stop();
  requests_.stop();
  signal_.cancel();
}

void ClusterApplications::start() {
  tasks_.spawn(overrides_.run());
  tasks_.spawn(requests_.run());
}

void ClusterApplications::begin() {
  standing_by_ = false;
  start();
  for (const ApplicationName& name : std::exchange(seen_meanwhile_, {})) object_changed(name);
}

void ClusterApplications::object_changed(const ApplicationName& name) {
  if (stopping_) return;
  also_tell_(name);
  if (standing_by_) {
    seen_meanwhile_.insert(name);
    return;
  }
  Subject& subject = subjects_[name];
  subject.again = true;
  if (std::exchange(subject.busy, true)) return;
  tasks_.spawn(reconcile(name));
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
asio::awaitable<void> ClusterApplications::reconcile(ApplicationName name) {
  while (!stopping_ && std::exchange(subjects_.at(name).again, false)) {
    co_await look_at(name);
    overrides_.presence_changed(name);
  }
  Subject& subject = subjects_.at(name);
  subject.busy = false;
  if (objects_.find(name) == nullptr && !subject.held && !subject.ending) subjects_.erase(name);
}

asio::awaitable<void> ClusterApplications::look_at(ApplicationName name) {
  LivePtr live = objects_.find(name);
  const bool for_another = live != nullptr && is_for_another(*live, context_.installation);
  if (for_another) live = nullptr;
  subjects_.at(name).for_another = for_another;
  const Uid& known = subjects_.at(name).uid;
  if (live == nullptr || (!known.empty() && known != live->uid)) co_await gone(name);
  if (live == nullptr || stopping_) co_return;
  Result<json::value> object = parse_json(live->body);
  if (!object || !object->is_object()) co_return;  // the server's own bug: nothing is concluded from it
  begin(name, subjects_.at(name), object->get_object());
  if (live->terminating) co_return co_await end(std::move(name), std::move(object->get_object()));
  co_await take(name, object->get_object());
  if (!stopping_) co_await meet_requests(std::move(name), std::move(object->get_object()));
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
  hooks.now = wall_time;
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
  nothing.busy = subject.busy;
  nothing.again = subject.again;
  nothing.for_another = subject.for_another;
  subject = std::move(nothing);
}

asio::awaitable<void> ClusterApplications::let_go(ApplicationName name) {
  subjects_.at(name).held.reset();
  subjects_.at(name).ending = false;
  overrides_.not_held(name);
  std::vector<ApplicationName> names{name};
  co_await daemon_.let_go(std::move(names));
}

asio::awaitable<void> ClusterApplications::take(ApplicationName name, json::object object) {
  Subject& subject = subjects_.at(name);
  notice_request(name, subject, object);
  const std::int64_t generation = generation_of(object);
  Result<Application> read = read_application(object, {.base = "/", .own_namespace = name.first});
  if (!read) {
    if (generation == subject.generation) co_return;  // it was told
    subject.generation = generation;
    subject.status->set_generation(generation, true);
    co_return refuse(name, describe(read.error()));
  }
  at_home(name, *read);
  read->origin = "Application " + shown(name);
  const bool prunes = read->deletion_policy == DeletionPolicy::Prune;
  if (prunes != has_finalizer(object)) co_await set_finalizer(name, std::move(object), prunes);
  Subject& now = subjects_.at(name);
  if (now.again || generation == now.generation) co_return;
  now.generation = generation;
  if (!now.held && !read->suspend && !std::exchange(now.unclaimed, true)) writer_.forget(name);  // suspended, refused
  now.status->set_generation(generation, read->wait);
  if (read->suspend) {
    now.unclaimed = false;
    log(LogLevel::Info, "suspended", "leaving " + shown(name) + " alone while it is suspended");
    now.status->suspend();
    if (now.held) co_await let_go(std::move(name));
    co_return;
  }
  if (now.held == *read) co_return;
  co_await hold(std::move(name), std::move(*read));
}

asio::awaitable<void> ClusterApplications::hold(ApplicationName name, Application application) {
  auto setup = make_setup(application, context_);
  if (!setup) co_return refuse(name, describe(setup.error()));
  setup->source.workers = repositories_->workers();
  setup->source.hub = repositories_;
  auto source = make_source(executor_, setup->source);
  if (!source) co_return refuse(name, describe(source.error()));
  if (subjects_.at(name).held) co_await let_go(name);
  if (stopping_) co_return;
  Subject& subject = subjects_.at(name);
  setup->told_by_status = true;
  setup->roll_outs = subject.status->record();
  setup->waiting_plan = subject.status->waiting_plan();
  if (refused_.erase(name) != 0) tell_missing();
  subject.unclaimed = true;
  subject.status->hold();
  subject.held = std::move(application);
  std::vector<std::shared_ptr<ApplicationObserver>> observers{
      std::make_shared<LogObserver>(false, shown(name), context_.explain), subject.status, overrides_.observer(name)};
  const bool tried = !is_as_git_says(subject.status->document());
  auto around = overrides_.around(name, *setup, std::move(*source), tried);
  daemon_.hold(std::move(*setup), std::move(around), std::make_shared<ObserverList>(std::move(observers)));
}

// It is being deleted: what it held goes first, where that is asked for.
asio::awaitable<void> ClusterApplications::end(ApplicationName name, json::object object) {
  Subject& subject = subjects_.at(name);
  if (!has_finalizer(object)) co_return;
  const Result<Application> read = read_application(object, {.base = "/", .own_namespace = name.first});
  const bool prunes =
      read ? read->deletion_policy == DeletionPolicy::Prune : string_at(object, {"spec", "deletionPolicy"}) == "Prune";
  if (!prunes || subject.ended) {
    if (subject.held || (subject.ending && !subject.ended)) co_await let_go(name);
    co_return co_await set_finalizer(std::move(name), std::move(object), false);
  }
  if (subject.ending) co_return;
  if (!read) co_return refuse(name, "it cannot end, for what it held is not known: " + describe(read.error()));
  Application application = *read;
  at_home(name, application);
  auto setup = make_setup(application, context_);
  if (!setup) co_return refuse(name, describe(setup.error()));
  if (subject.held) co_await let_go(name);
  if (stopping_) co_return;
  Subject& now = subjects_.at(name);
  now.ending = true;
  std::vector<std::shared_ptr<ApplicationObserver>> observers{
      std::make_shared<LogObserver>(false, shown(name), context_.explain), now.status};
  daemon_.hold(ending(std::move(*setup)), make_nothing_source(executor_, "the end of " + shown(name)),
               std::make_shared<ObserverList>(std::move(observers)));
}

// On the version that was seen: what somebody changed meanwhile comes by the watch, and is met then.
asio::awaitable<void> ClusterApplications::set_finalizer(ApplicationName name, json::object object, bool wanted) {
  json::array finalizers;
  for (json::value& one : finalizers_of(object))
    if (!one.is_string() || std::string_view(one.get_string()) != kApplicationFinalizer)
      finalizers.push_back(std::move(one));
  if (wanted) finalizers.emplace_back(kApplicationFinalizer);
  ApiRequest request;
  request.method = Method::Patch;
  request.target = resource_path(application_resource(), name.first, name.second) + "?fieldManager=holdfast";
  request.content_type = "application/merge-patch+json";
  request.body = to_json(json::object{{"metadata",
                                       {{"resourceVersion", string_at(object, {"metadata", "resourceVersion"})},
                                        {"uid", string_at(object, {"metadata", "uid"})},
                                        {"finalizers", std::move(finalizers)}}}});
  const Result<ApiResponse> answer = co_await cluster_.api.send(std::move(request));
  if (answer && (answer->status < 300 || answer->status == 404 || answer->status == 409)) co_return;
  const Error error =
      answer ? to_error(parse_api_status(answer->status, answer->content_type, answer->body), "") : answer.error();
  log(LogLevel::Warning, "finalizer-unwritten",
      "could not " + std::string(wanted ? "set" : "remove") + " the finalizer of " + shown(name) +
          "; it is tried again with its next change: " + describe(error));
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

// What was held before stays.
void ClusterApplications::refuse(const ApplicationName& name, const std::string& why) {
  Subject& subject = subjects_.at(name);
  log(LogLevel::Error, "application-refused",
      shown(name) + " cannot be held: " + why + (subject.held ? "; it goes on as it was before" : ""),
      {{"application", shown(name)}});
  if (!subject.held) subject.unclaimed = false;
  subject.status->refuse(why + (subject.held ? "\nIt goes on as it was before." : ""));
  if (subject.held) return;
  refused_[name] = repository_of_object(objects_.find(name));
  tell_missing();
}

// Objects may have moved there: nothing of such a repository is pruned.
void ClusterApplications::tell_missing() {
  std::map<std::string, std::string> missing;
  for (const auto& [name, repository] : refused_) missing.emplace(repository, shown(name));
  daemon_.set_missing(std::move(missing));
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
