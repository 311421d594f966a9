#include "app/plan_maker.h"

#include <boost/asio/thread_pool.hpp>
#include <utility>

#include "watchers/discovery.h"

namespace holdfast {

namespace asio = boost::asio;

asio::awaitable<Result<MadePlan>> make_plan(asio::any_io_executor executor, ApiServer& api, ReadApplications read,
                                            std::string installation) {
  MadePlan made;
  made.failures = std::move(read.failures);
  made.applications = std::move(read.applications);
  Result<ApiCatalog> catalog = co_await discover(api);
  if (!catalog) co_return std::unexpected(catalog.error());
  made.catalog = std::move(*catalog);
  prepare_all(made.applications, made.catalog);
  asio::thread_pool parser(1);
  Survey survey(executor, parser.get_executor(), api, made.catalog, made.applications, std::move(installation));
  const std::vector<ApplicationSnapshot> snapshot = co_await survey.look();
  made.plan = plan_changes(snapshot);
  for (const ApplicationSnapshot& one : snapshot)
    made.inventories.emplace(ApplicationName{one.namespace_, one.name}, survey.inventory(one));
  made.failures.insert(made.failures.end(), survey.failures().begin(), survey.failures().end());
  co_return made;
}

}  // namespace holdfast
