#include "app/account_values.h"

#include <utility>

namespace holdfast {
namespace {

namespace asio = boost::asio;

ApiResource resource_of(ValueReference::Kind kind) {
  if (kind == ValueReference::Kind::Secret) return {{"", "v1", "Secret"}, "secrets", true, {}};
  return {{"", "v1", "ConfigMap"}, "configmaps", true, {}};
}

}  // namespace

class AccountValues::OfOne final : public ClusterValues {
 public:
  OfOne(AccountAccess& access, ClusterValues& values, ServiceAccount who)
      : access_(access), values_(values), who_(std::move(who)) {}

  asio::awaitable<Result<ClusterValuePtr>> read(ValueReference wanted) override {
    const ApiResource resource = resource_of(wanted.kind);
    const ObjectKey key{"", resource.gvk.kind, wanted.namespace_, wanted.name};
    Result<void> allowed = co_await access_.may_see(who_, resource, key);
    if (!allowed) {
      if (allowed.error().where.empty()) allowed.error().where = to_string(wanted);
      co_return std::unexpected(std::move(allowed.error()));
    }
    co_return co_await values_.read(std::move(wanted));
  }
  // Tells no more than that something has happened to what it was allowed to read.
  asio::awaitable<Result<void>> changed(SeenValues seen) override { return values_.changed(std::move(seen)); }

 private:
  AccountAccess& access_;
  ClusterValues& values_;
  ServiceAccount who_;
};

ClusterValues& AccountValues::of(const ServiceAccount& who) {
  std::shared_ptr<ClusterValues>& made = made_[who];
  if (made == nullptr) made = std::make_shared<OfOne>(access_, values_, who);
  return *made;
}

}  // namespace holdfast
