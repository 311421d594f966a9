#include "app/application_sets.h"

#include <utility>

#include "app/installations.h"
#include "app/set_application.h"
#include "app/wall_time.h"
#include "holdfast/base/log.h"
#include "sources/set_expansion.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

const ApiResource& namespace_resource() {
  static const ApiResource kResource{
      {"", "v1", "Namespace"}, "namespaces", false, {"create", "delete", "get", "list", "patch", "watch"}};
  return kResource;
}

// No application has such a name.
ApplicationName listener_name(const ApplicationName& set, std::size_t index) {
  return {set.first, "set " + set.second + " " + std::to_string(index)};
}

}  // namespace

ApplicationSets::ApplicationSets(asio::any_io_executor executor, Daemon& daemon, ClusterPorts cluster,
                                 SetupContext context, std::shared_ptr<RepositoryHub> repositories,
                                 const ApplicationObjects& applications, std::function<double()> chance, bool previews)
    : executor_(executor),
      daemon_(daemon),
      cluster_(std::move(cluster)),
      context_(std::move(context)),
      repositories_(std::move(repositories)),
      applications_(applications),
      chance_(chance),
      objects_(executor, cluster_.api, cluster_.watches, sets_sink_, chance, application_set_resource(), {},
               context_.only_namespace),
      writer_(executor, cluster_.api, chance, application_set_resource(), context_.installation),
      stop_(executor),
      tasks_(executor) {
  sets_sink_.changed = [this](const ApplicationName& name) { set_changed(name); };
  sets_sink_.unknown = [this](const Error& error) { unseen("ApplicationSets", error); };
  namespaces_sink_.changed = [this](const ApplicationName& name) { namespace_changed(name); };
  namespaces_sink_.unknown = [this](const Error& error) { unseen("namespaces of previews", error); };
  if (previews)
    namespaces_ = std::make_unique<ApplicationObjects>(executor, cluster_.api, cluster_.watches, namespaces_sink_,
                                                       chance, namespace_resource(), std::string(kSetLabel));
}

asio::awaitable<void> ApplicationSets::run() {
  objects_.start();
  if (namespaces_ != nullptr) namespaces_->start();
  co_await stop_.heard();
  for (auto& [name, set] : sets_) set->stop();
  objects_.stop();
  if (namespaces_ != nullptr) namespaces_->stop();
  co_await objects_.ended();
  if (namespaces_ != nullptr) co_await namespaces_->ended();
  co_await tasks_.join();
  writer_.stop();
  co_await writer_.ended();
}

// An installation of before has no such type: whoever wants sets installs anew.
void ApplicationSets::unseen(const char* what, const Error& error) {
  std::string text = describe(error);
  if (text == std::exchange(said_unseen_[what], text)) return;
  const bool none = error.kind == ErrorKind::NotFound;
  log(none ? LogLevel::Info : LogLevel::Warning, "sets-unseen",
      none ? std::string("the cluster has no ") + what + " (holdfast install prints their definition)"
           : std::string(what) + " cannot be seen: " + text + "; what they have made stays as it is");
}

LivePtr ApplicationSets::find(const ApplicationName& name) const {
  LivePtr live = objects_.find(name);
  return live == nullptr || is_for_another(*live, context_.installation) ? nullptr : live;
}

void ApplicationSets::set_changed(const ApplicationName& name) {
  if (stop_.given()) return;
  const LivePtr live = find(name);
  const auto known = sets_.find(name);
  if (known != sets_.end()) return known->second->poke();  // and it ends where that is another one
  if (live != nullptr) begin(name, live->uid);
}

void ApplicationSets::begin(const ApplicationName& name, const Uid& uid) {
  SetStatus::Hooks hooks;
  hooks.now = wall_seconds;
  hooks.changed = [this, name] {
    const auto found = sets_.find(name);
    if (found == sets_.end()) return;
    std::weak_ptr<HeldSet> set = found->second;
    writer_.write({name, found->second->uid()}, [set] {
      const auto kept = set.lock();
      return kept == nullptr ? json::object() : kept->status().document();
    });
  };
  hooks.transition = [this, name](const std::string& type, const ApplicationCondition& now) {
    const auto found = sets_.find(name);
    if (found == sets_.end() || type != "Ready" || now.reason == "Progressing") return;
    writer_.tell({{name, found->second->uid()}, now.status == ConditionStatus::False, now.reason, now.message});
  };
  auto set = std::make_shared<HeldSet>(executor_, name, uid, ports_of(name), std::move(hooks));
  sets_[name] = set;
  tasks_.spawn(hold(name, std::move(set)));
}

// Where it has gone and another one of its name has come, that one is begun.
asio::awaitable<void> ApplicationSets::hold(ApplicationName name, std::shared_ptr<HeldSet> set) {
  co_await set->run();
  if (stop_.given()) co_return;
  log(LogLevel::Info, "set-gone", name.first + "/" + name.second + " is gone");
  writer_.forget(name);
  sets_.erase(name);
  set_changed(name);
}

SetPorts ApplicationSets::ports_of(const ApplicationName& name) {
  return {.api = cluster_.api,
          .installation = context_.installation,
          .applications = applications_,
          .namespaces = namespaces_.get(),
          .chance = chance_,
          .wall_now = wall_seconds,
          .halted = [this] { return daemon_.halted(); },
          .object = [this, name] { return find(name); },
          .members = [this, namespace_ = name.first](const Uid& set) { return members_of(namespace_, set); },
          .source = [this, name](std::size_t index, const Generator& generator,
                                 GeneratorHeard heard) { return follow(name, index, generator, std::move(heard)); },
          .source_gone = [this, name](std::size_t index) { daemon_.stop_listening(listener_name(name, index)); }};
}

Result<std::unique_ptr<GeneratorSource>> ApplicationSets::follow(const ApplicationName& name, std::size_t index,
                                                                 const Generator& generator, GeneratorHeard heard) {
  if (makes_source_) return makes_source_(generator, std::move(heard));
  auto source = make_generator_source(
      executor_, repositories_, generator,
      {name.first, cache_folder_of(context_), context_.tenancy ? nullptr : context_.values}, std::move(heard));
  if (!source) return source;
  Daemon::PushListener listener;
  listener.look = [looks = source->get()] { looks->look(); };  // until source_gone()
  listener.has_read = [this, name](const std::string& commit) {
    const auto found = sets_.find(name);
    return found != sets_.end() && found->second->has_read(commit);
  };
  const auto* branches = std::get_if<BranchGenerator>(&generator);
  const auto* directories = std::get_if<DirectoryGenerator>(&generator);
  if (branches != nullptr)
    daemon_.listen(listener_name(name, index), branches->repo_url, {}, std::move(listener));
  else if (directories != nullptr)
    daemon_.listen(listener_name(name, index), directories->repo_url, directories->ref, std::move(listener));
  return source;
}

void ApplicationSets::application_changed(const ApplicationName& name) {
  if (stop_.given()) return;
  const LivePtr live = applications_.find(name);
  Uid before;
  if (const auto known = controlled_.find(name); known != controlled_.end()) before = known->second.set;
  controlled_.erase(name);
  Uid now;
  if (live != nullptr && live->body.contains("ApplicationSet")) {  // few are
    const Result<json::value> body = parse_json(live->body);
    if (body) now = Uid{std::string(controlling_set(*body))};
    if (!now.empty())
      controlled_[name] = {now,
                           {std::string(string_at(*body, {"metadata", "annotations", kElementAnnotation})),
                            is_ready(*body), live->terminating}};
  }
  for (const auto& [set_name, set] : sets_)
    if (set_name.first == name.first && (set->uid() == before || set->uid() == now || set->wants(name.second)))
      set->poke();
}

std::map<std::string, SetMember> ApplicationSets::members_of(const std::string& namespace_, const Uid& set) const {
  std::map<std::string, SetMember> members;
  for (auto at = controlled_.lower_bound({namespace_, {}}); at != controlled_.end() && at->first.first == namespace_;
       ++at)
    if (at->second.set == set) members.emplace(at->first.second, at->second.member);
  return members;
}

void ApplicationSets::namespace_changed(const ApplicationName& name) {
  for (const auto& [set_name, set] : sets_)
    if (set->has_namespace(name.second)) set->poke();
}

}  // namespace holdfast
