#include "app/person_requests.h"

#include "app/short_text.h"
#include "holdfast/base/timestamp.h"

namespace holdfast {
namespace {

constexpr std::size_t kLongestWordBytes = 512;

std::string annotation(const json::object& object, std::string_view name) {
  return shortened(std::string(string_at(object, {"metadata", "annotations", name})), kLongestWordBytes);
}

}  // namespace

std::optional<ApprovalRequest> approval_asked(const json::object& application) {
  const std::string written = annotation(application, kApproveAt);
  const auto at = parse_timestamp(written);
  const std::string plan = annotation(application, kApprovePlan);
  const std::size_t mark = plan.find('@');
  const auto planned_at = parse_timestamp(mark == std::string::npos ? "" : std::string_view(plan).substr(mark + 1));
  ApprovalRequest request{{},
                          plan.substr(0, mark),
                          planned_at,
                          at.value_or(std::chrono::sys_seconds{}),
                          annotation(application, kApproveBy),
                          annotation(application, kApproveReason)};
  if (!at || !planned_at || request.plan.empty() || request.who.empty()) return std::nullopt;
  request.id = plan + " " + written;
  return request;
}

std::optional<RollbackRequest> rollback_asked(const json::object& application) {
  const std::string written = annotation(application, kRollbackAt);
  const auto at = parse_timestamp(written);
  RollbackRequest request{{},
                          annotation(application, kRollbackTo),
                          at.value_or(std::chrono::sys_seconds{}),
                          annotation(application, kRollbackBy),
                          annotation(application, kRollbackReason)};
  if (!at || request.revision.empty() || request.who.empty()) return std::nullopt;
  request.id = request.revision + " " + written;
  if (request.revision == kNoRollback) request.revision.clear();
  return request;
}

json::object annotations_of(const ApprovalRequest& request) {
  return {{kApprovePlan, request.plan + "@" + to_timestamp(request.planned_at.value_or(request.at))},
          {kApproveBy, request.who},
          {kApproveAt, to_timestamp(request.at)},
          {kApproveReason, request.why}};
}

json::object annotations_of(const RollbackRequest& request) {
  return {{kRollbackTo, request.revision.empty() ? kNoRollback : std::string_view(request.revision)},
          {kRollbackBy, request.who},
          {kRollbackAt, to_timestamp(request.at)},
          {kRollbackReason, request.why}};
}

}  // namespace holdfast
