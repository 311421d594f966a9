#include "app/approve_plan.h"

#include <spdlog/fmt/fmt.h>

#include <boost/asio/use_awaitable.hpp>
#include <cstdio>

#include "app/application_object.h"
#include "app/person_requests.h"
#include "app/roll_out_record.h"
#include "app/wall_time.h"
#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kPatience{60};

// The plan that is meant, if it is the one that waits.
Result<WaitingPlan> find_plan(const json::object& object, const std::string& name, const std::string& word) {
  const json::value* const status = find(object, {"status"});
  const bool known = status != nullptr && status->is_object();
  const std::optional<WaitingPlan> waits = known ? read_waiting_plan(status->get_object()) : std::nullopt;
  if (!waits)
    return fail(ErrorKind::NotFound, "no plan of " + name + " waits for approval", {},
                "`holdfast history " + name + "` shows what became of it");
  const std::string shown = waits->hash.substr(0, 12);
  if (word.size() < WaitingPlan::kLeastDigits)
    return fail(ErrorKind::Invalid, fmt::format("\"{}\" is too short to name a plan", word), {},
                fmt::format("the one that waits is {}, of {}: {}", shown, waits->revision, summary_of(waits->counts)));
  if (!waits->hash.starts_with(word))
    return fail(ErrorKind::Conflict, fmt::format("the plan {} does not wait any more", word), {},
                fmt::format("look at {}, of {}, which does: {}", shown, waits->revision, summary_of(waits->counts)));
  if (wall_seconds() >= waits->expires_at)
    return fail(ErrorKind::Conflict,
                fmt::format("the plan {} has expired at {}", shown, to_timestamp(waits->expires_at)), {},
                "the daemon makes a new one; if there is none soon, it does not run");
  return *waits;
}

}  // namespace

asio::awaitable<Result<int>> approve_plan(asio::any_io_executor executor, ClusterSession& session,
                                          const ApproveOptions& options) {
  ApiServer& api = *session.client;
  const ApplicationName name = application_named(options.objects[0], session.namespace_);
  const Result<json::object> object = co_await read_application_object(api, name);
  if (!object) co_return std::unexpected(object.error());
  const Result<WaitingPlan> plan = find_plan(*object, options.objects[0], options.objects[1]);
  if (!plan) co_return std::unexpected(plan.error());
  ApprovalRequest request{{}, plan->hash, plan->planned_at, wall_seconds(), {}, options.reason};
  request.who = co_await who_we_are(api);
  json::object annotations = annotations_of(request);
  const json::object asked{{"metadata", {{"annotations", annotations}}}};
  const std::string id = approval_asked(asked).value_or(request).id;
  const Result<void> written = co_await annotate(api, name, *object, std::move(annotations));
  if (!written) co_return std::unexpected(written.error());
  const Result<json::object> after =
      co_await wait_for_status(executor, api, name, "lastHandledApproval", id, kPatience);
  if (!after) co_return std::unexpected(after.error());
  if (string_at(*after, {"status", "approved", "plan"}) != plan->hash)
    co_return fail(ErrorKind::Conflict, std::string(string_at(*after, {"status", "refused"})), {},
                   "nothing was written; `holdfast plan " + options.objects[0] + "` shows what waits now");
  std::printf("approved: %s is brought to %s (plan %s: %s)\n", options.objects[0].c_str(), plan->revision.c_str(),
              plan->hash.substr(0, 12).c_str(), summary_of(plan->counts).c_str());
  co_return 0;
}

}  // namespace holdfast
