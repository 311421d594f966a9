#include "app/revision_planner.h"

#include <utility>

#include "app/plan_maker.h"

namespace holdfast {

boost::asio::awaitable<Result<ChangePlan>> plan_revision(boost::asio::any_io_executor executor, ApiServer& api,
                                                         ObjectAccess& access, ApplicationSetup setup,
                                                         ManifestSetPtr manifests) {
  std::string installation = setup.inventory.installation;
  auto wanted = std::make_unique<WantedApplication>();
  wanted->setup = std::move(setup);
  wanted->manifests = std::move(manifests);
  ReadApplications read;
  read.applications.push_back(std::move(wanted));
  Result<MadePlan> made = co_await make_plan(executor, api, std::move(read), std::move(installation), &access);
  if (!made) co_return std::unexpected(std::move(made.error()));
  if (!made->failures.empty()) co_return std::unexpected(std::move(made->failures.front()));
  co_return std::move(made->plan);
}

}  // namespace holdfast
