#include "watchers/discovery_machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

std::string reply(const std::string& items) {
  return R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},"items":[)" + items +
         "]}";
}

std::string version(const std::string& kind, const std::string& freshness = "Current") {
  return R"({"version":"v1","resources":[{"resource":"things","responseKind":{"group":"","version":"","kind":")" +
         kind + R"("},"scope":"Namespaced","verbs":["list","watch"]}],"freshness":")" + freshness + "\"}";
}

std::string group(const std::string& name, const std::string& versions) {
  return R"({"metadata":{"name":")" + name + R"("},"versions":[)" + versions + "]}";
}

const std::string kCore = reply(R"({"metadata":{},"versions":[)" + version("Namespace") + "]}");

class DiscoveryMachineTest : public testing::Test {
 protected:
  DiscoveryMachine machine_{[] { return 0.0; }};
  Clock::time_point now_{seconds(1000)};

  static ApiResponse ok(const std::string& body, const std::string& etag = "") {
    return {200, "application/json", {}, body, etag};
  }
  static ApiResponse unchanged() { return {304, "", {}, ""}; }
  auto apis(const std::string& items) {
    machine_.ask();
    return machine_.answered(ok(kCore), ok(reply(items)), now_);
  }
};

TEST_F(DiscoveryMachineTest, A21_is_asked_at_the_start_and_every_five_minutes) {
  EXPECT_LT(machine_.due(), now_);
  EXPECT_NE(apis(group("ex.io", version("Widget"))).catalog, nullptr);
  EXPECT_EQ(machine_.due(), now_ + seconds(300));
}

TEST_F(DiscoveryMachineTest, A21_a_burst_of_changes_is_one_question) {
  apis("");
  machine_.types_changed(now_);
  EXPECT_EQ(machine_.due(), now_ + milliseconds(150));
  machine_.types_changed(now_ + milliseconds(100));
  EXPECT_EQ(machine_.due(), now_ + milliseconds(250));
  for (int i = 0; i < 100; ++i) machine_.types_changed(now_ + i * milliseconds(100));
  EXPECT_EQ(machine_.due(), now_ + milliseconds(1000));  // and never later than that
  apis("");
  EXPECT_EQ(machine_.due(), now_ + seconds(300));
}

TEST_F(DiscoveryMachineTest, A19_an_unchanged_part_is_known_by_its_etag) {
  machine_.ask();
  machine_.answered(ok(kCore, "\"1\""), ok(reply(group("ex.io", version("Widget"))), "\"2\""), now_);
  const auto question = machine_.ask();
  EXPECT_EQ(question.api_etag, "\"1\"");
  EXPECT_EQ(question.apis_etag, "\"2\"");
  EXPECT_EQ(machine_.answered(unchanged(), unchanged(), now_).catalog, nullptr);
  machine_.ask();
  const auto changed = machine_.answered(unchanged(), ok(reply(group("ex.io", version("Gadget")))), now_);
  ASSERT_NE(changed.catalog, nullptr);
  EXPECT_NE(changed.catalog->find(GroupKind{"ex.io", "Gadget"}), nullptr);
  EXPECT_NE(changed.catalog->find(GroupKind{"", "Namespace"}), nullptr);
}

TEST_F(DiscoveryMachineTest, A21_whoever_asks_is_answered_even_where_nothing_changed) {
  apis("");
  EXPECT_EQ(apis("").catalog, nullptr);
  machine_.wanted();
  EXPECT_LT(machine_.due(), now_);
  EXPECT_NE(apis("").catalog, nullptr);
}

TEST_F(DiscoveryMachineTest, A20_a_failure_is_no_empty_catalog_and_is_asked_again_with_a_backoff) {
  apis(group("ex.io", version("Widget")));
  machine_.wanted();
  machine_.ask();
  const auto outcome = machine_.answered(ok(kCore), ApiResponse{503, "text/plain", {}, "starting"}, now_);
  EXPECT_EQ(outcome.catalog, nullptr);
  ASSERT_TRUE(outcome.problem);
  EXPECT_EQ(machine_.due(), now_ + milliseconds(800));
  machine_.wanted();
  EXPECT_EQ(machine_.due(), now_ + milliseconds(800));
  EXPECT_NE(apis(group("ex.io", version("Widget"))).catalog, nullptr);  // the one who asked still waits
}

TEST_F(DiscoveryMachineTest, B8_a_server_that_asks_for_time_is_not_asked_sooner) {
  machine_.ask();
  machine_.answered(ok(kCore), ApiResponse{503, "text/plain", seconds(7), "starting"}, now_);
  EXPECT_EQ(machine_.due(), now_ + seconds(7));
  machine_.wanted();
  EXPECT_EQ(machine_.due(), now_ + seconds(7));
  now_ += seconds(7);
  machine_.ask();  // whichever of the two says so, and whatever is wrong with the other
  machine_.answered(ApiResponse{403, "text/plain", {}, "no"}, ApiResponse{503, "text/plain", seconds(9), "no"}, now_);
  EXPECT_EQ(machine_.due(), now_ + seconds(9));
}

TEST_F(DiscoveryMachineTest, A20_a_group_that_vanishes_is_unknown_and_keeps_its_types) {
  apis(group("ex.io", version("Widget")) + "," + group("other.io", version("Other")));
  const auto outcome = apis(group("other.io", version("Other")));
  ASSERT_NE(outcome.catalog, nullptr);
  EXPECT_THAT(outcome.catalog->unknown_groups, ElementsAre("ex.io"));
  EXPECT_NE(outcome.catalog->find(GroupKind{"ex.io", "Widget"}), nullptr);
}

TEST_F(DiscoveryMachineTest, A21_a_group_without_an_api_service_is_gone) {
  machine_.api_service_groups(std::set<std::string>{"", "ex.io"});
  apis(group("ex.io", version("Widget")));
  auto outcome = apis("");
  ASSERT_NE(outcome.catalog, nullptr);
  EXPECT_THAT(outcome.catalog->unknown_groups, ElementsAre("ex.io"));  // its service is still there
  machine_.api_service_groups(std::set<std::string>{""});
  outcome = apis("");
  ASSERT_NE(outcome.catalog, nullptr);
  EXPECT_THAT(outcome.catalog->unknown_groups, IsEmpty());
  EXPECT_EQ(outcome.catalog->find(GroupKind{"ex.io", "Widget"}), nullptr);
}

TEST_F(DiscoveryMachineTest, A20_a_group_that_has_an_api_service_and_was_never_seen_is_unknown) {
  machine_.api_service_groups(std::set<std::string>{"", "metrics.k8s.io"});
  EXPECT_THAT(apis("").catalog->unknown_groups, ElementsAre("metrics.k8s.io"));
}

TEST_F(DiscoveryMachineTest, A20_fault_19_a_stale_group_keeps_its_types_while_the_others_go_on) {
  apis(group("ex.io", version("Widget")) + "," + group("other.io", version("Other")));
  const auto outcome = apis(group("ex.io", version("Widget", "Stale")) + "," + group("other.io", version("New")));
  ASSERT_NE(outcome.catalog, nullptr);
  EXPECT_THAT(outcome.catalog->unknown_groups, ElementsAre("ex.io"));
  EXPECT_NE(outcome.catalog->find(GroupKind{"ex.io", "Widget"}), nullptr);
  EXPECT_NE(outcome.catalog->find(GroupKind{"other.io", "New"}), nullptr);
  EXPECT_EQ(outcome.catalog->find(GroupKind{"other.io", "Other"}), nullptr);
}

TEST_F(DiscoveryMachineTest, A21_fault_20_a_type_that_goes_while_its_group_stays_is_gone) {
  apis(group("ex.io", version("Widget")));
  const auto outcome = apis(group("ex.io", version("Gadget")));
  EXPECT_EQ(outcome.catalog->find(GroupKind{"ex.io", "Widget"}), nullptr);
  EXPECT_THAT(outcome.catalog->unknown_groups, IsEmpty());
}

}  // namespace
}  // namespace holdfast
