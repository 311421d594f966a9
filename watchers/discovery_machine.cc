#include "watchers/discovery_machine.h"

#include <algorithm>
#include <utility>

#include "holdfast/model/api_status.h"
#include "watchers/discovery.h"

namespace holdfast {
namespace {

constexpr std::chrono::milliseconds kQuiet{150};       // after a change; a CRD is discoverable within 100 ms (V45)
constexpr std::chrono::milliseconds kMostDelay{1000};  // of a change, in a burst without end
constexpr std::chrono::minutes kPollEvery{5};

std::chrono::seconds wait_of(const Result<ApiResponse>& answer) {
  return answer ? answer->retry_after.value_or(std::chrono::seconds{0}) : std::chrono::seconds{0};
}

std::set<std::string> groups_of(const ApiCatalog& catalog) {
  std::set<std::string> groups = catalog.unknown_groups;
  for (const auto& [gvk, resource] : catalog.resources) groups.insert(gvk.group);
  return groups;
}

}  // namespace

DiscoveryMachine::DiscoveryMachine(std::function<double()> random)
    : backoff_(Backoff::list_watch(), std::move(random)) {}

DiscoveryMachine::TimePoint DiscoveryMachine::due() const {
  if (retry_at_) return *retry_at_;
  if (wanted_) return TimePoint::min();
  if (!last_change_) return poll_at_;
  return std::min({*last_change_ + kQuiet, *first_change_ + kMostDelay, poll_at_});
}

void DiscoveryMachine::types_changed(TimePoint now) {
  if (!first_change_) first_change_ = now;
  last_change_ = now;
}

DiscoveryMachine::Question DiscoveryMachine::ask() {
  was_wanted_ = std::exchange(wanted_, false);
  first_change_.reset();
  last_change_.reset();
  return {api_.etag, apis_.etag};
}

Result<void> DiscoveryMachine::accept(Part& part, Result<ApiResponse> answer, std::string where) {
  if (!answer) return std::unexpected(std::move(answer.error()));
  if (answer->status == 304 && !part.body.empty()) return {};
  if (answer->status != 200)
    return std::unexpected(
        to_error(parse_api_status(answer->status, answer->content_type, answer->body), std::move(where)));
  part = {std::move(answer->etag), std::move(answer->body)};
  shown_.reset();
  return {};
}

Result<ApiCatalog> DiscoveryMachine::read(Result<ApiResponse> api, Result<ApiResponse> apis) {
  Result<void> accepted = accept(api_, std::move(api), "/api");
  if (accepted) accepted = accept(apis_, std::move(apis), "/apis");
  if (!accepted) return std::unexpected(std::move(accepted.error()));
  if (!shown_) {
    Result<ApiCatalog> parsed = parse_discovery(api_.body, apis_.body);
    if (!parsed) return parsed;
    shown_ = std::move(*parsed);
  }
  return *shown_;
}

DiscoveryMachine::Outcome DiscoveryMachine::answered(Result<ApiResponse> api, Result<ApiResponse> apis, TimePoint now) {
  const std::chrono::seconds least = std::max(wait_of(api), wait_of(apis));
  Result<ApiCatalog> catalog = read(std::move(api), std::move(apis));
  if (!catalog) {
    api_ = apis_ = {};
    shown_.reset();
    wanted_ = wanted_ || was_wanted_ || catalog_ == nullptr;
    retry_at_ = now + std::max<std::chrono::nanoseconds>(backoff_.next(now), least);
    return {nullptr, std::move(catalog.error())};
  }
  backoff_.reset();
  retry_at_.reset();
  poll_at_ = now + kPollEvery;
  keep_unknown(*catalog);
  if (!was_wanted_ && catalog_ && *catalog == *catalog_) return {};
  catalog_ = std::make_shared<const ApiCatalog>(std::move(*catalog));
  return {catalog_, std::nullopt};
}

// Unknown is never absent (A20).
void DiscoveryMachine::keep_unknown(ApiCatalog& catalog) const {
  const std::set<std::string> shown = groups_of(catalog);
  std::set<std::string> expected = service_groups_.value_or(std::set<std::string>());
  if (catalog_ && !service_groups_) expected.merge(groups_of(*catalog_));
  for (const std::string& group : expected)
    if (!shown.contains(group)) catalog.unknown_groups.insert(group);
  if (!catalog_) return;
  for (const auto& [gvk, resource] : catalog_->resources) {
    if (!catalog.unknown_groups.contains(gvk.group) || catalog.resources.contains(gvk)) continue;
    catalog.resources.emplace(gvk, resource);
    catalog.preferred.try_emplace(gvk.group_kind(), gvk.version);
  }
}

}  // namespace holdfast
