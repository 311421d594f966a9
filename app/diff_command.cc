// `holdfast diff`: what `holdfast run` would change, asked of the API server by dry run, field by field.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>

#include "app/application_setup.h"
#include "app/cluster_session.h"
#include "app/commands.h"
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

// What an apply would make of one object; prints its changes.
asio::awaitable<Result<bool>> compare_object(ApiServer& api, Desired desired, FieldManager manager) {
  const std::string path = resource_path(desired.resource, desired.key.namespace_, desired.key.name);
  Result<ApiResponse> live = co_await ask(api, Method::Get, path, {});
  if (!live) co_return std::unexpected(live.error());
  if (live->status != 200 && live->status != 404)
    co_return std::unexpected(to_error(parse_api_status(live->status, live->content_type, live->body), desired.origin));
  std::string target =
      path + "?fieldManager=" + manager.value + "&force=true&fieldValidation=Strict&dryRun=All&timeout=30s";
  Result<ApiResponse> applied = co_await ask(api, Method::Patch, std::move(target), desired.apply_body);
  if (!applied) co_return std::unexpected(applied.error());
  const ClassifiedApply answer = classify_apply(*applied);
  const bool exists = live->status == 200;
  if (!exists && answer.outcome == ApplyOutcome::NamespaceMissing) {
    print_changes(desired.key, "create", {});
    co_return true;
  }
  if (answer.outcome != ApplyOutcome::Applied && answer.outcome != ApplyOutcome::Created)
    co_return fail(ErrorKind::Invalid, to_string(desired.key) + ": " + answer.message, desired.origin);
  const Result<json::value> before = exists ? parse_json(live->body) : Result<json::value>(json::object{});
  const Result<json::value> after = parse_json(applied->body);
  if (!before || !after) co_return fail(ErrorKind::Protocol, "the API server's answer is not JSON", desired.origin);
  const bool secret = desired.key.kind == "Secret" && desired.key.group.empty();
  const std::vector<FieldChange> changes = diff_fields(*before, *after, secret);
  if (changes.empty()) co_return false;
  print_changes(desired.key, exists ? "change" : "create", changes);
  co_return true;
}

void compare_prunes(const PreparedSet& prepared, const Inventory& inventory, const PruneLimits& limits,
                    Comparison& result) {
  std::set<ObjectKey> wanted;
  for (const auto& [key, desired] : prepared.desired) wanted.insert(key);
  const PruneDecision decision = judge_prune(inventory, wanted, limits);
  for (const ObjectKey& key : decision.to_delete) print_changes(key, "prune", {});
  for (const HeldBack& held : decision.held_back)
    std::printf("hold back %s: %s\n", to_string(held.key).c_str(), held.reason.c_str());
  result.changed += decision.to_delete.size();
}

asio::awaitable<Result<Comparison>> compare(ApiServer& api, Source& source, ApplicationSetup setup) {
  Result<ManifestSetPtr> manifests = co_await source.load();
  if (!manifests) co_return std::unexpected(manifests.error());
  Result<ApiCatalog> catalog = co_await discover(api);
  if (!catalog) co_return std::unexpected(catalog.error());
  InventoryKeeper inventory(api, setup.inventory);
  if (Result<void> loaded = co_await inventory.load(); !loaded) co_return std::unexpected(loaded.error());
  const PreparedSet prepared = prepare(**manifests, *catalog, setup.prepare);
  Comparison result;
  for (const UnpreparedManifest& manifest : prepared.unprepared) {
    if (manifest.may_come) {
      std::printf("create %s %s\n", to_string(manifest.gvk).c_str(), manifest.name.c_str());
      ++result.changed;
    } else {
      print_error(manifest.error);
      ++result.failed;
    }
  }
  for (const auto& [key, desired] : prepared.desired) {
    Desired one = desired;
    FieldManager manager = setup.prepare.manager;
    const Result<bool> changed = co_await compare_object(api, std::move(one), std::move(manager));
    if (!changed) {
      print_error(changed.error());
      ++result.failed;
    } else if (*changed) {
      ++result.changed;
    }
  }
  if (prepared.unprepared.empty()) compare_prunes(prepared, inventory.inventory(), setup.prune, result);
  co_return result;
}

}  // namespace

int diff_command(const RunOptions& options) {
  asio::io_context io(1);
  Result<ClusterSession> session = open_session(io.get_executor(), options.cluster);
  if (!session) {
    print_error(session.error());
    return kTrouble;
  }
  const Result<ApplicationSetup> setup =
      make_setup(to_application(options.application, session->namespace_),
                 {options.cluster.installation, session->namespace_, options.application.cache_dir});
  if (!setup) {
    print_error(setup.error());
    return kTrouble;
  }
  Result<std::unique_ptr<Source>> source = make_source(io.get_executor(), setup->source);
  if (!source) {
    print_error(source.error());
    return kTrouble;
  }
  int code = kTrouble;
  auto task = [&]() -> asio::awaitable<void> {
    const Result<Comparison> result = co_await compare(*session->client, **source, *setup);
    if (!result)
      print_error(result.error());
    else if (result->failed == 0)
      code = result->changed == 0 ? kNoChange : kChanges;
    (*source)->stop();
    session->client->close_all();
  };
  asio::co_spawn(io, task(), [](std::exception_ptr failure) {
    if (failure) std::rethrow_exception(failure);
  });
  io.run();
  return code;
}

}  // namespace holdfast
