#include "app/config_changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const ApplicationName kShop{"own", "shop"};

Application shop() {
  Application application;
  application.name = "shop";
  application.origin = "holdfast.yaml:1";
  application.source.repo_url = "/platform";
  return application;
}

TEST(ConfigChanges, a_new_one_is_held_under_the_daemons_own_namespace_unless_it_names_one) {
  Application other = shop();
  other.namespace_ = "other";
  const ConfigChanges changes = changes_between({{kShop, shop()}}, {shop(), other}, "own");
  ASSERT_EQ(changes.hold.size(), 1U);
  EXPECT_EQ(name_of(changes.hold[0], "own"), (ApplicationName{"other", "shop"}));
  EXPECT_THAT(changes.let_go, IsEmpty());
}

TEST(ConfigChanges, one_that_only_moved_in_its_file_is_left_as_it_is) {
  Application moved = shop();
  moved.origin = "other.yaml:7";
  const ConfigChanges changes = changes_between({{kShop, shop()}}, {moved}, "own");
  EXPECT_THAT(changes.hold, IsEmpty());
  EXPECT_THAT(changes.let_go, IsEmpty());
}

TEST(ConfigChanges, a_changed_one_is_held_anew) {
  Application changed = shop();
  changed.source.path = "apps/shop";
  EXPECT_THAT(changes_between({{kShop, shop()}}, {changed}, "own").hold, ElementsAre(changed));
}

TEST(ConfigChanges, one_that_is_gone_keeps_its_objects_unless_they_were_to_go_with_it) {
  const ConfigChanges kept = changes_between({{kShop, shop()}}, {}, "own");
  EXPECT_THAT(kept.let_go, ElementsAre(kShop));
  EXPECT_THAT(kept.end, IsEmpty());
  Application prune = shop();
  prune.deletion_policy = DeletionPolicy::Prune;
  const ConfigChanges ended = changes_between({{kShop, prune}}, {}, "own");
  EXPECT_THAT(ended.let_go, IsEmpty());
  EXPECT_THAT(ended.end, ElementsAre(kShop));
}

TEST(ConfigChanges, a_suspended_one_is_let_go_whatever_its_deletion_policy) {
  Application suspended = shop();
  suspended.deletion_policy = DeletionPolicy::Prune;
  const std::map<ApplicationName, Application> held{{kShop, suspended}};
  suspended.suspend = true;
  const ConfigChanges changes = changes_between(held, {suspended}, "own");
  EXPECT_THAT(changes.hold, IsEmpty());
  EXPECT_THAT(changes.end, IsEmpty());
  EXPECT_THAT(changes.let_go, ElementsAre(kShop));
  EXPECT_THAT(changes.suspended, ElementsAre(kShop));
  EXPECT_THAT(changes_between({}, {}, "own").end, IsEmpty()) << "removed while suspended: nothing is held to be ended";
}

}  // namespace
}  // namespace holdfast
