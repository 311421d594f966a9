#include "engine/change_plan.h"

#include <gtest/gtest.h>

#include "unit/engine/desired_bodies.h"

namespace holdfast {
namespace {

using namespace holdfast::live_bodies;

ObjectKey config_map(const std::string& name) { return {"", "ConfigMap", "w", name}; }

// One application; what is found of each object is said by the test.
class ChangePlanTest : public testing::Test {
 protected:
  ChangePlanTest() {
    options.applyset_id = "ours";
    options.installation = "holdfast";
  }

  Desired& want(ObjectKey key, FindingKind kind, int rank = 30) {
    Desired desired;
    desired.key = key;
    desired.rank = rank;
    desired.origin = "a.yaml:1";
    findings[key] = Finding{kind};
    return prepared.desired.emplace(key, std::move(desired)).first->second;
  }
  void left_behind(const ObjectKey& key, std::string_view kept_by = {}) {
    inventory.entries[key] = Uid{"u-" + key.name};
    auto live = std::make_shared<LiveObject>();
    live->key = key;
    live->gvk = {key.group, "v1", key.kind};
    live->uid = Uid{"u-" + key.name};
    live->resource_version = {"5"};
    live->ownership = std::make_shared<Ownership>(Ownership{"holdfast", "ours", {}, kept_by});
    left[key] = std::move(live);
  }

  [[nodiscard]] ApplicationSnapshot snapshot() const {
    ApplicationSnapshot one;
    one.name = "shop";
    one.revision = "main@sha1:1";
    one.prepared = &prepared;
    one.inventory = &inventory;
    one.options = &options;
    one.findings = findings;
    one.left = left;
    one.moves = moves;
    return one;
  }
  [[nodiscard]] ChangePlan plan() const { return plan_changes({snapshot()}); }
  // "create a, prune b"
  static std::string in_words(const ChangePlan& plan) {
    std::string words;
    for (const ApplicationPlan& application : plan.applications)
      for (const PlannedChange& change : application.changes)
        words += (words.empty() ? "" : ", ") + std::string(to_string(change.verb)) + " " + change.key.name;
    return words;
  }
  static std::string reason_of(const ChangePlan& plan, const ObjectKey& key) {
    for (const PlannedChange& change : plan.applications.at(0).changes)
      if (change.key == key) return change.reason;
    return "(not in the plan)";
  }

  PreparedSet prepared;
  Inventory inventory;
  PrepareOptions options;
  std::map<ObjectKey, Finding> findings;
  std::map<ObjectKey, LivePtr> left;
  std::map<ObjectKey, std::string> moves;
};

TEST_F(ChangePlanTest, what_is_in_sync_is_counted_and_nothing_else) {
  want(config_map("a"), FindingKind::InSync);
  const ChangePlan made = plan();
  EXPECT_EQ(in_words(made), "");
  EXPECT_EQ(made.blast.in_sync, 1U);
  EXPECT_FALSE(made.changes());
  EXPECT_FALSE(made.trouble());
}

TEST_F(ChangePlanTest, D9_the_order_is_that_of_an_apply) {
  want(config_map("late"), FindingKind::Create).options.wave = 2;
  want(config_map("early"), FindingKind::Create).options.wave = -1;
  want({"", "Service", "w", "service"}, FindingKind::Change, 40);
  want({"", "Namespace", "", "home"}, FindingKind::Create, 5);
  want(config_map("plain"), FindingKind::Create);
  want(config_map("before"), FindingKind::Create).options.hook = HookPhase::Before;
  want(config_map("after"), FindingKind::Create).options.hook = HookPhase::After;
  want(config_map("aaa"), FindingKind::Create).options.depends_on = {{"", "Service", "w", "service"}};
  left_behind(config_map("old"));
  left_behind({"", "Service", "w", "old-service"});
  EXPECT_EQ(in_words(plan()),
            "create before, create early, create home, change service, create aaa, create plain, create late, "
            "prune old-service, prune old, create after");
}

TEST_F(ChangePlanTest, applications_come_after_those_that_they_depend_on) {
  ApplicationSnapshot shop = snapshot(), databases = snapshot();
  databases.name = "databases";
  shop.depends_on = {"databases"};
  const ChangePlan made = plan_changes({shop, databases});
  EXPECT_EQ(made.applications.at(0).name, "databases");
  EXPECT_EQ(made.applications.at(1).name, "shop");
}

TEST_F(ChangePlanTest, ask_37_what_another_application_wants_moves_and_is_not_pruned) {
  want(config_map("a"), FindingKind::InSync);
  left_behind(config_map("gone"));
  moves[config_map("gone")] = "other";
  const ChangePlan made = plan();
  EXPECT_EQ(in_words(made), "move gone");
  EXPECT_EQ(made.applications.at(0).changes.at(0).to, "other");
  EXPECT_TRUE(made.changes());
}

TEST_F(ChangePlanTest, ask_1_held_back_prunes_say_why) {
  want(config_map("a"), FindingKind::InSync);
  left_behind({"", "Namespace", "", "home"});
  left_behind(config_map("kept"), "holdfast.dev/prune");
  left_behind(config_map("goes"));
  const ChangePlan made = plan();
  EXPECT_EQ(in_words(made), "hold-back kept, prune goes, hold-back home");
  EXPECT_TRUE(reason_of(made, {"", "Namespace", "", "home"}).contains("--allow-prune Namespace/home"));
  EXPECT_TRUE(reason_of(made, config_map("kept")).contains("its annotation holdfast.dev/prune forbids it"));
  for (int i = 0; i < 10; ++i) left_behind(config_map("more" + std::to_string(i)));
  EXPECT_FALSE(in_words(plan()).contains("prune")) << in_words(plan());
}

TEST_F(ChangePlanTest, D12_nothing_is_pruned_where_something_is_refused) {
  want(config_map("bad"), FindingKind::Refuse);
  left_behind(config_map("old"));
  const ChangePlan made = plan();
  EXPECT_EQ(in_words(made), "refuse bad, hold-back old");
  EXPECT_TRUE(made.trouble());
  EXPECT_FALSE(made.changes());
}

TEST_F(ChangePlanTest, what_is_gone_already_is_no_change) {
  want(config_map("a"), FindingKind::InSync);
  inventory.entries[config_map("gone")] = Uid{"u"};
  EXPECT_EQ(in_words(plan()), "");
}

TEST_F(ChangePlanTest, a_manifest_whose_type_comes_with_the_set_is_a_create_and_any_other_is_refused) {
  want({"apiextensions.k8s.io", "CustomResourceDefinition", "", "boats"}, FindingKind::Create, 0).body =
      body_of(R"({"spec":{"group":"ex.io","names":{"kind":"Boat"}}})").as_object();
  UnpreparedManifest custom{{"ex.io", "v1", "Boat"}, "w", "b", Error{}, true};
  UnpreparedManifest unasked{{"other.io", "v1", "Car"}, "w", "c", Error{ErrorKind::Busy, "cannot be asked"}, true};
  prepared.unprepared = {
      custom, {{"ex.io", "v1", "Typo"}, "w", "t", Error{ErrorKind::Invalid, "no such type"}}, unasked};
  left_behind({"ex.io", "Boat", "w", "b"});
  const ChangePlan made = plan();
  EXPECT_EQ(in_words(made), "create boats, create b, refuse t, unknown c") << "what is not prepared has not left Git";
}

TEST_F(ChangePlanTest, the_reach_is_counted_and_what_is_dangerous_named) {
  want(config_map("a"), FindingKind::Create);
  want(config_map("b"), FindingKind::Change);
  want({"rbac.authorization.k8s.io", "ClusterRole", "", "r"}, FindingKind::Change, 14);
  want({"apps", "Deployment", "v", "d"}, FindingKind::Replace, 50);
  left_behind({"", "PersistentVolumeClaim", "w", "data"});
  ApplicationSnapshot one = snapshot();
  one.prune.allowed = {"PersistentVolumeClaim/data"};
  const ChangePlan made = plan_changes({one});
  EXPECT_EQ(made.blast.count(ChangeVerb::Create), 1U);
  EXPECT_EQ(made.blast.count(ChangeVerb::Change), 2U);
  EXPECT_EQ(made.blast.kinds.at("ConfigMap").at(ChangeVerb::Create), 1U);
  EXPECT_EQ(made.blast.namespaces, (std::set<std::string>{"v", "w"}));
  ASSERT_EQ(made.blast.dangerous.size(), 2U);
  EXPECT_EQ(made.blast.dangerous[0].key.kind, "ClusterRole");
  EXPECT_EQ(made.blast.dangerous[1].key.kind, "PersistentVolumeClaim");
}

}  // namespace
}  // namespace holdfast
