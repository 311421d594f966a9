#include "app/plan_maker.h"

#include <algorithm>
#include <boost/asio/thread_pool.hpp>
#include <utility>

#include "app/refusal_trace.h"
#include "watchers/discovery.h"

namespace holdfast {

namespace asio = boost::asio;

namespace {

// Where in Git what is refused stands, and who wrote it.
asio::awaitable<void> find_places(asio::any_io_executor executor, const WantedApplications* applications,
                                  ApplicationSnapshot* snapshot) {
  const auto same = [&](const auto& wanted) { return &wanted->prepared == snapshot->prepared; };
  const auto found = std::ranges::find_if(*applications, same);
  if (found == applications->end() || (*found)->source == nullptr) co_return;
  RefusalTrace trace(executor, *(*found)->source, [snapshot](const ObjectKey& key, const std::string& line) {
    snapshot->findings[key].places.push_back(line);
  });
  for (const auto& [key, finding] : snapshot->findings) {
    if (finding.kind != FindingKind::Refuse || finding.refused.empty()) continue;
    trace.refused({key, snapshot->prepared->desired.at(key).origin, snapshot->revision, finding.refused});
  }
  co_await trace.finish(RefusalTrace::kPatience);
}

}  // namespace

asio::awaitable<Result<MadePlan>> make_plan(asio::any_io_executor executor, ApiServer& api, ReadApplications read,
                                            std::string installation, ObjectAccess* access) {
  MadePlan made;
  made.failures = std::move(read.failures);
  made.applications = std::move(read.applications);
  Result<ApiCatalog> catalog = co_await discover(api);
  if (!catalog) co_return std::unexpected(catalog.error());
  made.catalog = std::move(*catalog);
  prepare_all(made.applications, made.catalog);
  asio::thread_pool parser(1);
  Survey survey(executor, parser.get_executor(), api, made.catalog, made.applications, std::move(installation), access);
  std::vector<ApplicationSnapshot> snapshot = co_await survey.look();
  for (ApplicationSnapshot& one : snapshot) co_await find_places(executor, &made.applications, &one);
  made.plan = plan_changes(snapshot);
  for (const ApplicationSnapshot& one : snapshot)
    made.inventories.emplace(ApplicationName{one.namespace_, one.name}, survey.inventory(one));
  made.failures.insert(made.failures.end(), survey.failures().begin(), survey.failures().end());
  co_return made;
}

}  // namespace holdfast
