#include "engine/prune_guard.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

ObjectKey numbered(std::size_t n) { return {"", "ConfigMap", "web", "c" + std::to_string(n)}; }

Inventory of(std::size_t count) {
  Inventory inventory;
  for (std::size_t i = 0; i < count; ++i) inventory.entries[numbered(i)] = {"u"};
  return inventory;
}
std::set<ObjectKey> first(std::size_t count) {
  std::set<ObjectKey> keys;
  for (std::size_t i = 0; i < count; ++i) keys.insert(numbered(i));
  return keys;
}

TEST(PruneGuard, what_is_desired_stays_and_what_left_goes) {
  const PruneDecision decision = judge_prune(of(5), first(3), {});
  EXPECT_EQ(decision.to_delete, (std::vector<ObjectKey>{numbered(4), numbered(3)}));
  EXPECT_TRUE(decision.held_back.empty());
}

TEST(PruneGuard, D13_the_limit_is_the_larger_of_ten_and_a_fifth) {
  EXPECT_EQ(judge_prune(of(20), first(10), {}).to_delete.size(), 10U);
  EXPECT_EQ(judge_prune(of(20), first(9), {}).to_delete.size(), 0U);
  EXPECT_EQ(judge_prune(of(20), first(9), {}).held_back.size(), 11U);
  EXPECT_EQ(judge_prune(of(100), first(80), {}).to_delete.size(), 20U);
  EXPECT_EQ(judge_prune(of(100), first(79), {}).to_delete.size(), 0U);
  EXPECT_EQ(judge_prune(of(100), first(79), {21, 20, {}}).to_delete.size(), 21U);
}

TEST(PruneGuard, D13_nothing_desired_needs_a_limit_raised_on_purpose) {
  EXPECT_EQ(judge_prune(of(3), {}, {}).held_back.size(), 3U);
  EXPECT_EQ(judge_prune(of(3), {}, {}).to_delete.size(), 0U);
  EXPECT_EQ(judge_prune(of(3), {}, {11, 20, {}}).to_delete.size(), 3U);
  EXPECT_EQ(judge_prune({}, {}, {}).held_back.size(), 0U);
}

TEST(PruneGuard, D13_the_end_of_an_application_that_is_meant_goes_by_the_ordinary_limit) {
  PruneLimits limits;
  limits.end_is_meant = true;
  EXPECT_EQ(judge_prune(of(10), {}, limits).to_delete.size(), 10U);
  EXPECT_EQ(judge_prune(of(11), {}, limits).held_back.size(), 11U);
}

TEST(PruneGuard, where_pruning_is_off_everything_is_held_back_and_told) {
  PruneLimits limits{1000, 100, {"Namespace/web"}};
  limits.never = true;
  Inventory inventory = of(3);
  inventory.entries[{"", "Namespace", "", "web"}] = {"u"};
  inventory.entries[{"", "Namespace", "", "other"}] = {"u"};
  const PruneDecision decision = judge_prune(inventory, first(1), limits);
  EXPECT_TRUE(decision.to_delete.empty());
  ASSERT_EQ(decision.held_back.size(), 4U);
  for (const HeldBack& held : decision.held_back)
    EXPECT_TRUE(held.reason.contains("spec.prune is false")) << held.reason;
}

TEST(PruneGuard, D13_protected_kinds_go_only_by_name) {
  Inventory inventory = of(1);
  const ObjectKey namespace_{"", "Namespace", "", "web"},
      crd{"apiextensions.k8s.io", "CustomResourceDefinition", "", "w.ex.io"};
  const ObjectKey volume{"", "PersistentVolume", "", "v"}, claim{"", "PersistentVolumeClaim", "web", "data"};
  for (const ObjectKey& key : {namespace_, crd, volume, claim}) inventory.entries[key] = {"u"};
  const PruneDecision held = judge_prune(inventory, first(1), {});
  EXPECT_TRUE(held.to_delete.empty());
  ASSERT_EQ(held.held_back.size(), 4U);
  for (const HeldBack& object : held.held_back)
    EXPECT_TRUE(object.reason.contains("--allow-prune " + object.key.kind + "/" + object.key.name)) << object.reason;

  const PruneDecision allowed = judge_prune(
      inventory, first(1), {10, 20, {"Namespace/web", "PersistentVolumeClaim/data", "CustomResourceDefinition/other"}});
  EXPECT_EQ(allowed.to_delete, (std::vector<ObjectKey>{claim, namespace_}));
}

TEST(PruneGuard, a_custom_kind_of_a_protected_name_is_not_protected) {
  Inventory inventory = of(1);
  inventory.entries[{"ex.io", "Namespace", "", "n"}] = {"u"};
  EXPECT_EQ(judge_prune(inventory, first(1), {}).to_delete.size(), 1U);
}

TEST(PruneGuard, D9_deletion_is_in_reverse_order) {
  Inventory inventory = of(1);
  const ObjectKey account{"", "ServiceAccount", "web", "s"}, workload{"apps", "Deployment", "web", "d"},
      custom{"ex.io", "Widget", "web", "w"};
  for (const ObjectKey& key : {account, workload, custom}) inventory.entries[key] = {"u"};
  EXPECT_EQ(judge_prune(inventory, first(1), {}).to_delete, (std::vector<ObjectKey>{custom, workload, account}));
}

TEST(PruneGuard, D12_an_object_that_moved_to_another_version_is_the_same_object) {
  Inventory inventory;
  inventory.entries[{"autoscaling", "HorizontalPodAutoscaler", "web", "h"}] = {"u"};
  EXPECT_TRUE(judge_prune(inventory, {{"autoscaling", "HorizontalPodAutoscaler", "web", "h"}}, {}).to_delete.empty());
}

}  // namespace
}  // namespace holdfast
