// The way to an API server on which nothing is written but what a plan has. It stands between a Reconciler and the
// client, so that applying a plan takes no second applier: what the plan changes is let through, as long as it is about
// the very objects that were judged; what was as it should be is written as a dry run, which tells the Reconciler what
// it asks for; and any other write fails before it is sent, and is noted.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "app/plan_maker.h"
#include "engine/change_plan.h"
#include "holdfast/ports/api_server.h"

namespace holdfast {

class PlannedWrites final : public ApiServer {
 public:
  // `api` outlives it. `made` has just been compared with the plan, and found to be the same.
  PlannedWrites(ApiServer& api, const MadePlan& made);

  boost::asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override;
  // Writes that were not let through: "PATCH /api/v1/namespaces/web/configmaps/a".
  [[nodiscard]] const std::vector<std::string>& refused() const { return refused_; }

 private:
  enum class Rule { Any, Create, Change, Replace, Prune, DryRun };
  struct Allowed {
    Rule rule = Rule::DryRun;
    Uid uid;
  };

  boost::asio::awaitable<Result<ApiResponse>> write(std::string path, ApiRequest request);
  static std::optional<Rule> rule_of(ChangeVerb verb);
  void allow(const MadePlan& made, const WantedApplication& application, const ApplicationPlan& plan);
  [[nodiscard]] bool is_record(const std::string& path, const ApiRequest& request) const;
  [[nodiscard]] bool lets_through(const Allowed& allowed, const ApiRequest& request) const;

  ApiServer& api_;
  std::map<std::string, Allowed> allowed_;      // by path
  std::vector<InventoryLocation> inventories_;  // beside which records of ours are kept
  std::vector<std::string> refused_;
};

}  // namespace holdfast
