// Roll-outs that fail, under virtual time: what is said, what is not begun, and what returns by itself
// (docs/rollouts.md).
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "app/application_status.h"
#include "app/daemon.h"
#include "app/observer_list.h"
#include "holdfast/model/json.h"
#include "sim/api_services.h"
#include "sim/diary.h"
#include "sim/mortal_world.h"
#include "sim/simulated_client.h"
#include "sim/simulated_network.h"
#include "sim/simulated_source.h"

namespace holdfast::sim {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kTimeout = 300s;

Manifest manifest(const GroupVersionKind& type, const std::string& name, json::object body) {
  body["apiVersion"] = type.api_version();
  body["kind"] = type.kind;
  body["metadata"].emplace_object();
  return {type, "default", name, std::move(body), name + ".yaml:1"};
}

// A Deployment in the first wave, and what follows in the second. `failure`: what its pods are to fail with.
ManifestSetPtr revision(const std::string& name, const std::string& failure = {}) {
  json::object annotations;
  if (!failure.empty()) annotations["simulator.holdfast.dev/fail"] = failure;
  json::object labels{{"app", "web"}};
  Manifest web = manifest(
      {"apps", "v1", "Deployment"}, "web",
      {{"spec",
        {{"selector", {{"matchLabels", labels}}},
         {"template",
          {{"metadata", {{"labels", labels}}},
           {"spec", {{"containers", json::array{{{"name", "web"}, {"image", "example.com/web:" + name}}}}}}}}}}});
  web.body["metadata"] = {{"name", "web"}, {"namespace", "default"}, {"annotations", std::move(annotations)}};
  Manifest after = manifest({"", "v1", "ConfigMap"}, "after", {{"data", {{"revision", name}}}});
  after.body["metadata"] = {
      {"name", "after"}, {"namespace", "default"}, {"annotations", {{"argocd.argoproj.io/sync-wave", "1"}}}};
  ManifestSet set{"main@" + name, {}, 0};
  set.manifests.push_back(std::move(web));
  set.manifests.push_back(std::move(after));
  set.content = content_of(set);
  return std::make_shared<const ManifestSet>(std::move(set));
}

class RollOuts : public testing::Test {
 protected:
  RollOuts()
      : network_(io_.get_executor(), cluster_, faults_, [](const SeenRequest&) {}),
        client_(io_.get_executor(), network_, cluster_, faults_),
        daemon_(io_.get_executor(), ClusterPorts{client_, client_, [] {}, "simulated"},
                DaemonOptions{.installation = "simulated", .once = false, .seed = 7}) {
    const std::vector<std::string> groups{"", "apps"};
    add_api_services(cluster_, groups);
    ApplicationStatus::Hooks hooks;
    hooks.now = [] { return std::chrono::sys_seconds{1'800'000'000s}; };
    status_ = std::make_shared<ApplicationStatus>(true, std::move(hooks));
  }
  ~RollOuts() override {
    daemon_.stop();
    run_for(1s);
  }

  void hold(FailurePolicy on_failure) {
    ApplicationSetup setup = MortalWorld::setup("shop", 10);
    setup.wave_patience = kTimeout;
    setup.on_failure = on_failure;
    auto source = std::make_unique<SimulatedSource>(io_.get_executor());
    source_ = source.get();
    source_->commit(revision("1"));
    daemon_.hold(std::move(setup), std::move(source),
                 std::make_shared<ObserverList>(std::vector<std::shared_ptr<ApplicationObserver>>{
                     status_, std::make_shared<DiaryOf>(diary_, "shop")}));
    asio::co_spawn(io_, daemon_.run(), [](std::exception_ptr failure, int) {
      if (failure) std::rethrow_exception(failure);
    });
    run_for(1min);
    ASSERT_EQ(condition("Ready"), "ReconciliationSucceeded: Applied revision: main@1") << diary_.text();
  }

  void run_for(std::chrono::nanoseconds time) {
    const Clock::time_point end = time_.now() + time;
    for (;;) {
      io_.restart();
      io_.poll();
      const Clock::time_point next = std::min(time_.next_due(), cluster_.next_due());
      if (next > end) break;
      time_.advance_to(next);
      if (cluster_.next_due() <= time_.now() + 1ms) cluster_.settle();
    }
    time_.advance_to(end);
  }

  [[nodiscard]] std::string condition(const std::string& type) const {
    const ApplicationCondition now = status_->conditions().at(type);
    return now.reason + ": " + now.message;
  }
  [[nodiscard]] std::string image() const {
    const StoredPtr web = cluster_.store().find("deployments.apps", "default", "web");
    if (web == nullptr) return {};
    return std::string(
        string_at(find(web->body, {"spec", "template", "spec", "containers"})->get_array()[0], {"image"}));
  }
  [[nodiscard]] std::string after() const {
    const StoredPtr config = cluster_.store().find("configmaps", "default", "after");
    return config == nullptr ? std::string() : std::string(string_at(config->body, {"data", "revision"}));
  }
  void commit(ManifestSetPtr set, std::chrono::nanoseconds time) {
    source_->commit(std::move(set));
    run_for(time);
  }

  VirtualTime time_;
  FaultPlan faults_{7};
  SimulatedCluster cluster_{7};
  Diary diary_;
  asio::io_context io_{1};
  SimulatedNetwork network_;
  SimulatedClient client_;
  Daemon daemon_;
  SimulatedSource* source_ = nullptr;
  std::shared_ptr<ApplicationStatus> status_;
};

TEST_F(RollOuts, one_that_fails_stops_its_waves_and_returns_to_the_last_healthy_revision) {
  hold(FailurePolicy::Rollback);
  commit(revision("2", "no such image"), 1min);
  EXPECT_EQ(image(), "example.com/web:2");
  EXPECT_EQ(after(), "1") << "its wave has not come";
  run_for(kTimeout);
  EXPECT_EQ(image(), "example.com/web:1") << diary_.text();
  EXPECT_EQ(after(), "1");
  EXPECT_TRUE(
      condition("Ready").starts_with("RolledBack: Applied revision: main@1; pinned at main@1 instead of main@2"))
      << condition("Ready");
  EXPECT_TRUE(condition("Ready").contains("exceeded its progress deadline")) << condition("Ready");
  const auto& entries = status_->history().entries();
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].action + " " + entries[0].outcome, "Return Healthy");
  EXPECT_EQ(entries[1].revision + " " + entries[1].outcome, "main@2 Failed");

  run_for(1h);
  EXPECT_EQ(image(), "example.com/web:1") << "it is not tried again";
  commit(revision("3"), 2min);
  EXPECT_EQ(image(), "example.com/web:3");
  EXPECT_EQ(after(), "3");
  EXPECT_EQ(condition("Ready"), "ReconciliationSucceeded: Applied revision: main@3");
}

TEST_F(RollOuts, one_that_waits_goes_on_when_it_becomes_healthy_after_all) {
  hold(FailurePolicy::Wait);
  commit(revision("2", "no such image"), kTimeout + 1min);
  EXPECT_EQ(image(), "example.com/web:2");
  EXPECT_EQ(after(), "1");
  EXPECT_TRUE(condition("Ready").starts_with("RollOutFailed: main@2: it was not brought about within 300 s"))
      << condition("Ready");
  commit(revision("2b"), 2min);
  EXPECT_EQ(after(), "2b");
  EXPECT_EQ(condition("Ready"), "ReconciliationSucceeded: Applied revision: main@2b");
}

TEST_F(RollOuts, what_was_healthy_is_not_rolled_back_when_it_ceases_to_be) {
  hold(FailurePolicy::Rollback);
  commit(revision("2"), 1min);
  EXPECT_EQ(status_->record().healthy, "main@2");
  SimulatedRequest request;
  request.method = "PATCH";
  request.target = "/apis/apps/v1/namespaces/default/deployments/web?fieldManager=person";
  request.content_type = "application/merge-patch+json";
  request.accept = "application/json";
  request.user_agent = "person/1";
  request.body = R"({"metadata":{"annotations":{"simulator.holdfast.dev/fail":"a node is gone"}}})";
  cluster_.handle(request);
  run_for(kTimeout + 10min);
  EXPECT_EQ(image(), "example.com/web:2");
  EXPECT_FALSE(status_->record().pinned);
  EXPECT_TRUE(condition("Ready").starts_with("HealthCheckFailed")) << condition("Ready");
}

}  // namespace
}  // namespace holdfast::sim
