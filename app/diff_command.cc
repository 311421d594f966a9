// `holdfast diff`: what `holdfast run` would change, asked of the API server by dry run, field by field; of one
// application, or of those of a configuration.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <map>
#include <set>

#include "app/application_setup.h"
#include "app/cluster_session.h"
#include "app/commands.h"
#include "app/config_follower.h"
#include "engine/field_diff.h"
#include "engine/inventory_keeper.h"
#include "engine/outcome.h"
#include "engine/prepare.h"
#include "engine/prune_guard.h"
#include "holdfast/model/api_status.h"
#include "sources/source.h"
#include "watchers/discovery.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kAbsent = "(absent)";
constexpr int kNoChange = 0, kChanges = 1, kTrouble = 2;

struct Comparison {
  std::size_t changed = 0, failed = 0;
};

// One application, read and prepared.
struct Wanted {
  ApplicationSetup setup;
  PreparedSet prepared;
  bool chosen = true;  // to be compared; otherwise it only tells where objects move to
};

void print_error(const Error& error) { std::fprintf(stderr, "holdfast: %s\n", describe(error).c_str()); }

void print_changes(const ObjectKey& key, const char* what, const std::vector<FieldChange>& changes) {
  std::printf("%s %s\n", what, to_string(key).c_str());
  for (const FieldChange& change : changes) {
    if (change.before != kAbsent) std::printf("  - %s: %s\n", change.path.c_str(), change.before.c_str());
    if (change.after != kAbsent) std::printf("  + %s: %s\n", change.path.c_str(), change.after.c_str());
  }
}

asio::awaitable<Result<ApiResponse>> ask(ApiServer& api, Method method, std::string target, std::string body) {
  ApiRequest request;
  request.method = method;
  request.target = std::move(target);
  request.body = std::move(body);
  if (!request.body.empty()) request.content_type = "application/apply-patch+yaml";
  co_return co_await api.send(std::move(request));
}

// What an apply would make of one object, of which `run` would leave to others what it leaves to them; prints its
// changes.
asio::awaitable<Result<bool>> compare_object(ApiServer& api, Desired desired, const ApplicationSetup* setup) {
  const FieldManager& manager = setup->prepare.manager;
  const std::string path = resource_path(desired.resource, desired.key.namespace_, desired.key.name);
  Result<ApiResponse> live = co_await ask(api, Method::Get, path, {});
  if (!live) co_return std::unexpected(live.error());
  if (live->status != 200 && live->status != 404)
    co_return std::unexpected(to_error(parse_api_status(live->status, live->content_type, live->body), desired.origin));
  const bool exists = live->status == 200;
  if (exists && desired.options.management == Management::Once) co_return false;
  const Result<json::value> before = exists ? parse_json(live->body) : Result<json::value>(json::object{});
  if (!before) co_return fail(ErrorKind::Protocol, "the API server's answer is not JSON", desired.origin);
  const auto yielded = find_yielded(desired, exists ? *before : json::value(), manager, setup->yield_rules);
  if (yielded && !yielded->empty()) desired = without(desired, *yielded);
  std::string target =
      path + "?fieldManager=" + manager.value + "&force=true&fieldValidation=Strict&dryRun=All&timeout=30s";
  Result<ApiResponse> applied = co_await ask(api, Method::Patch, std::move(target), desired.apply_body);
  if (!applied) co_return std::unexpected(applied.error());
  const ClassifiedApply answer = classify_apply(*applied);
  if (!exists && answer.outcome == ApplyOutcome::NamespaceMissing) {
    print_changes(desired.key, "create", {});
    co_return true;
  }
  if (answer.outcome != ApplyOutcome::Applied && answer.outcome != ApplyOutcome::Created)
    co_return fail(ErrorKind::Invalid, to_string(desired.key) + ": " + answer.message, desired.origin);
  const Result<json::value> after = parse_json(applied->body);
  if (!after) co_return fail(ErrorKind::Protocol, "the API server's answer is not JSON", desired.origin);
  const bool secret = desired.key.kind == "Secret" && desired.key.group.empty();
  const std::vector<FieldChange> changes = diff_fields(*before, *after, secret);
  if (changes.empty()) co_return false;
  print_changes(desired.key, exists ? "change" : "create", changes);
  co_return true;
}

using Wanting = std::map<ObjectKey, std::vector<const Wanted*>>;  // who has the object in its set

// What left one application for another is no deletion.
void compare_prunes(const Wanted& wanted, const Wanting& wanting, const Inventory& inventory, Comparison& result) {
  std::set<ObjectKey> kept;
  for (const auto& [key, desired] : wanted.prepared.desired) kept.insert(key);
  kept.insert(wanted.prepared.left_alone.begin(), wanted.prepared.left_alone.end());
  for (const auto& [key, uid] : inventory.entries) {
    const auto others = wanting.find(key);
    if (others == wanting.end() || !kept.insert(key).second) continue;  // where it wants the object itself, it is kept
    print_changes(key, ("move to " + others->second.front()->setup.name + ":").c_str(), {});
    ++result.changed;
  }
  const PruneDecision decision = judge_prune(inventory, kept, wanted.setup.prune);
  for (const ObjectKey& key : decision.to_delete) print_changes(key, "prune", {});
  for (const HeldBack& held : decision.held_back)
    std::printf("hold back %s: %s\n", to_string(held.key).c_str(), held.reason.c_str());
  result.changed += decision.to_delete.size();
}

asio::awaitable<Result<void>> compare(ApiServer& api, const Wanted* wanted, const Wanting* wanting,
                                      Comparison* result) {
  InventoryKeeper inventory(api, wanted->setup.inventory);
  if (Result<void> loaded = co_await inventory.load(); !loaded) co_return std::unexpected(loaded.error());
  for (const UnpreparedManifest& manifest : wanted->prepared.unprepared) {
    if (manifest.may_come) {
      std::printf("create %s %s\n", to_string(manifest.gvk).c_str(), manifest.name.c_str());
      ++result->changed;
    } else {
      print_error(manifest.error);
      ++result->failed;
    }
  }
  for (const auto& [key, desired] : wanted->prepared.desired) {
    if (inventory.hook_recorded(key)) continue;  // it has run for this revision
    Desired one = desired;
    const Result<bool> changed = co_await compare_object(api, std::move(one), &wanted->setup);
    if (!changed) {
      print_error(changed.error());
      ++result->failed;
    } else if (*changed) {
      ++result->changed;
    }
  }
  if (wanted->prepared.unprepared.empty()) compare_prunes(*wanted, *wanting, inventory.inventory(), *result);
  co_return Result<void>();
}

struct NothingTold final : ConfigObserver {
  void config_refused(const Error&) override {}
  void config_good_again() override {}
};

class Diff {
 public:
  Diff(asio::any_io_executor executor, ClusterSession& session, const RunOptions& options)
      : executor_(std::move(executor)),
        api_(*session.client),
        options_(options),
        context_{options.cluster.installation, session.namespace_, options.application.cache_dir} {}

  asio::awaitable<Result<Comparison>> run() {
    const Result<std::vector<Application>> applications = co_await read_applications();
    if (!applications) co_return std::unexpected(applications.error());
    Result<ApiCatalog> catalog = co_await discover(api_);
    if (!catalog) co_return std::unexpected(catalog.error());
    std::vector<Wanted> all;
    for (const Application& application : *applications) {
      Result<Wanted> wanted = co_await read(&application, &*catalog);
      const bool chosen = is_chosen(application);
      if (wanted) {
        wanted->chosen = chosen;
        all.push_back(std::move(*wanted));
      } else {
        print_error(wanted.error());
        result_.failed += chosen ? 1 : 0;
      }
    }
    co_return co_await compare_all(std::move(all));
  }

 private:
  asio::awaitable<Result<std::vector<Application>>> read_applications() {
    if (options_.config.empty()) co_return std::vector{to_application(options_.application, context_.namespace_)};
    NothingTold observer;
    ConfigFollower follower(executor_, {options_.config, {.own_namespace = context_.namespace_}}, observer);
    Result<std::vector<Application>> all = co_await follower.load();
    follower.stop();
    if (!all) co_return all;
    std::vector<Application> held;
    bool found = false;
    for (Application& application : *all) {
      found |= is_chosen(application);
      if (!application.suspend)
        held.push_back(std::move(application));
      else if (is_chosen(application))
        std::fprintf(stderr, "holdfast: %s is suspended\n", application.name.c_str());
    }
    if (!found)
      co_return fail(ErrorKind::NotFound, "there is no application " + options_.application.name, options_.config,
                     "check --name");
    co_return held;
  }

  [[nodiscard]] bool is_chosen(const Application& application) const {
    return options_.config.empty() || options_.application.name.empty() ||
           options_.application.name == application.name;
  }

  asio::awaitable<Result<Wanted>> read(const Application* application, const ApiCatalog* catalog) {
    Result<ApplicationSetup> setup = make_setup(*application, context_);
    if (!setup) co_return std::unexpected(setup.error());
    Result<std::unique_ptr<Source>> source = make_source(executor_, setup->source);
    if (!source) co_return std::unexpected(source.error());
    const Result<ManifestSetPtr> manifests = co_await (*source)->load();
    (*source)->stop();
    if (!manifests) co_return std::unexpected(manifests.error());
    PreparedSet prepared = prepare(**manifests, *catalog, setup->prepare);
    co_return Wanted{std::move(*setup), std::move(prepared)};
  }

  asio::awaitable<Result<Comparison>> compare_all(std::vector<Wanted> all) {
    Wanting wanting;
    for (const Wanted& wanted : all)
      for (const auto& [key, desired] : wanted.prepared.desired) wanting[key].push_back(&wanted);
    for (const Wanted& wanted : all) {
      if (!wanted.chosen) continue;
      if (!options_.config.empty()) std::printf("# %s\n", wanted.setup.name.c_str());
      const Result<void> compared = co_await compare(api_, &wanted, &wanting, &result_);
      if (compared) continue;
      print_error(compared.error());
      ++result_.failed;
    }
    co_return result_;
  }

  asio::any_io_executor executor_;
  ApiServer& api_;
  const RunOptions& options_;
  SetupContext context_;
  Comparison result_;
};

}  // namespace

int diff_command(const RunOptions& options) {
  asio::io_context io(1);
  Result<ClusterSession> session = open_session(io.get_executor(), options.cluster);
  if (!session) {
    print_error(session.error());
    return kTrouble;
  }
  int code = kTrouble;
  Diff diff(io.get_executor(), *session, options);
  auto task = [&]() -> asio::awaitable<void> {
    const Result<Comparison> result = co_await diff.run();
    if (!result)
      print_error(result.error());
    else if (result->failed == 0)
      code = result->changed == 0 ? kNoChange : kChanges;
    session->client->close_all();
  };
  asio::co_spawn(io, task(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  io.run();
  return code;
}

}  // namespace holdfast
