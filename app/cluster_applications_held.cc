// What is held of an Application: how it is taken up, held as its object says, let go of and ended.
#include "app/cluster_applications.h"

#include <utility>

#include "app/log_observer.h"
#include "app/nothing_source.h"
#include "app/observer_list.h"
#include "app/own_definitions.h"
#include "app/own_object.h"
#include "holdfast/base/log.h"
#include "holdfast/model/api_status.h"
#include "sources/application_reader.h"
#include "sources/trial.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

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

}  // namespace

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
  if (prunes != has_finalizer(object, kApplicationFinalizer)) co_await set_finalizer(name, std::move(object), prunes);
  Subject& now = subjects_.at(name);
  if (turns_.is_due(name) || generation == now.generation) co_return;
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
  if (turns_.stopping()) co_return;
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
  if (!has_finalizer(object, kApplicationFinalizer)) co_return;
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
  if (turns_.stopping()) co_return;
  Subject& now = subjects_.at(name);
  now.ending = true;
  std::vector<std::shared_ptr<ApplicationObserver>> observers{
      std::make_shared<LogObserver>(false, shown(name), context_.explain), now.status};
  daemon_.hold(ending(std::move(*setup)), make_nothing_source(executor_, "the end of " + shown(name)),
               std::make_shared<ObserverList>(std::move(observers)));
}

asio::awaitable<void> ClusterApplications::set_finalizer(ApplicationName name, json::object object, bool wanted) {
  ApiRequest request = finalizer_patch(application_resource(), object, kApplicationFinalizer, wanted, "holdfast");
  const Result<ApiResponse> answer = co_await cluster_.api.send(std::move(request));
  if (answer && (answer->status < 300 || answer->status == 404 || answer->status == 409)) co_return;
  const Error error =
      answer ? to_error(parse_api_status(answer->status, answer->content_type, answer->body), "") : answer.error();
  log(LogLevel::Warning, "finalizer-unwritten",
      "could not " + std::string(wanted ? "set" : "remove") + " the finalizer of " + shown(name) +
          "; it is tried again with its next change: " + describe(error));
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

}  // namespace holdfast
