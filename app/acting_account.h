// How an application reaches the objects that it holds: as the account that it names, where it names one. What the
// daemon keeps about the application (its inventory, what was learned, its status) is the daemon's own business and
// goes another way.
//
// Lives on one executor, one thread.
#pragma once

#include <optional>
#include <utility>

#include "app/account_access.h"

namespace holdfast {

class ActingAccount final : public ApiServer, public ObjectAccess {
 public:
  // Both outlive it. Nobody: as the daemon, who may look at everything that it sees.
  ActingAccount(ApiServer& api, AccountAccess& access, std::optional<ServiceAccount> who)
      : api_(api), access_(access), who_(std::move(who)) {}

  boost::asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override {
    request.impersonate = who_;
    return api_.send(std::move(request));
  }
  boost::asio::awaitable<Result<void>> may_see(ApiResource resource, ObjectKey key) override {
    if (!who_) co_return Result<void>{};
    co_return co_await access_.may_see(*who_, std::move(resource), std::move(key));
  }
  [[nodiscard]] bool was_seen(const ApiResource& resource, const ObjectKey& key) const override {
    return !who_ || access_.was_seen(*who_, resource, key);
  }
  [[nodiscard]] const std::optional<ServiceAccount>& who() const { return who_; }

 private:
  ApiServer& api_;
  AccountAccess& access_;
  std::optional<ServiceAccount> who_;
};

// How a plan of it is made: records and lists of the whole cluster are read as the daemon; what would become of a
// change is asked as the account, so that nothing is planned of what it may not write. What is shown of the lists is
// for whoever makes the plan to ask the account for (ObjectAccess).
class PlanningAccount final : public ApiServer {
 public:
  PlanningAccount(ApiServer& api, ActingAccount& acting) : api_(api), acting_(acting) {}  // both outlive it

  boost::asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override {
    if (request.method == Method::Get) co_return co_await api_.send(std::move(request));
    co_return co_await acting_.send(std::move(request));
  }

 private:
  ApiServer& api_;
  ActingAccount& acting_;
};

}  // namespace holdfast
