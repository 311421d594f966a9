// Looks at a cluster once, to tell what bringing about the desired state would change there: the snapshot for
// plan_changes(). It reads each inventory, lists each type once, and asks the API server by dry run only about objects
// that are not proven to be as they should be (engine/proof.h); those cost no request of their own. Of an object that
// no list shows, the dry run itself tells whether it is there; it is read only where it exists without our label.
//
// Where it is made for an account, nothing is concluded from an object that this account may not get, be it there or
// not: its Finding, or that it cannot be told, has the API server's words.
//
// At most 8 requests at once. One thread; schemas are parsed by `parser`. Nothing is written.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/live_listing.h"
#include "app/wanted_applications.h"
#include "engine/change_plan.h"
#include "engine/inventory_keeper.h"
#include "holdfast/base/clock.h"
#include "holdfast/base/task_scope.h"
#include "holdfast/ports/api_server.h"
#include "holdfast/ports/object_access.h"
#include "net/gate.h"
#include "watchers/schema_cache.h"

namespace holdfast {

// Which record of an application's objects a plan was made from.
struct InventoryState {
  Inventory inventory;
  Uid uid;  // of the ConfigMap; empty: there is none
  ResourceVersion version;
};

class Survey final : private SchemaSink {
 public:
  static constexpr std::size_t kRequestsAtOnce = 8;

  // All references outlive look(); the applications are prepared, and outlive the snapshot. `access`: of the account
  // that it is made for; null: of whoever `api` asks as.
  Survey(boost::asio::any_io_executor executor, boost::asio::any_io_executor parser, ApiServer& api,
         const ApiCatalog& catalog, const WantedApplications& applications, std::string installation,
         ObjectAccess* access = nullptr);
  ~Survey() override;
  Survey(const Survey&) = delete;
  Survey& operator=(const Survey&) = delete;

  // Once. Of the chosen applications; what cannot be told of an object is in its Finding. One whose inventory cannot be
  // read is left out, and told in failures().
  boost::asio::awaitable<std::vector<ApplicationSnapshot>> look();
  [[nodiscard]] const std::vector<Error>& failures() const { return failures_; }
  [[nodiscard]] const InventoryState& inventory(const ApplicationSnapshot& application) const;

 private:
  struct Looked;  // one application while it is looked at
  void schemas_changed() override { changed_.cancel(); }
  void schema_failed(const Error& error) override;

  boost::asio::awaitable<void> load_inventory(Looked* looked);
  boost::asio::awaitable<void> list_types();
  boost::asio::awaitable<void> list_type(ApiResource resource);
  boost::asio::awaitable<void> await_schemas();
  boost::asio::awaitable<void> look_at(Looked* looked, const Desired* desired);
  boost::asio::awaitable<Result<void>> may_see(ApiResource resource, ObjectKey key);
  Result<Seen> take_listed(const Desired& desired);
  boost::asio::awaitable<Finding> find(Looked* looked, const Desired* desired);
  boost::asio::awaitable<std::optional<Finding>> ask(const Looked* looked, const Question* question, const Seen* seen);
  boost::asio::awaitable<Result<ApiResponse>> send(ApiRequest request);
  boost::asio::awaitable<Result<Seen>> read_live(const Desired* desired);
  boost::asio::awaitable<void> look_at_left(Looked* looked, ObjectKey key);
  [[nodiscard]] Circumstances circumstances(const Looked& looked, const Desired& desired, const Seen& seen) const;
  [[nodiscard]] std::set<ObjectKey> keys_left(Looked& looked) const;
  [[nodiscard]] bool brings_namespace(const std::string& name) const;

  boost::asio::any_io_executor executor_;
  ApiServer& api_;
  const ApiCatalog& catalog_;
  const WantedApplications& applications_;
  std::string installation_;
  ObjectAccess* access_;
  std::vector<std::unique_ptr<Looked>> looked_;
  std::map<GroupVersionKind, Result<LiveObjects>> listed_;
  std::set<std::string> missing_homes_;  // namespaces that are not there, and that the plan makes
  std::vector<Error> failures_;
  std::shared_ptr<Gate> gate_, looks_;
  SchemaCache schemas_;
  Timer changed_;  // something is told of the schemas
  TaskScope tasks_, schema_task_;
};

}  // namespace holdfast
