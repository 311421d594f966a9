#include "engine/object_target.h"

#include "unit/engine/desired_bodies.h"

namespace holdfast {
namespace {

using namespace holdfast::live_bodies;

ObjectTarget target(std::string group, std::string kind, std::string namespace_, std::string name) {
  return {std::move(group), std::move(kind), std::move(namespace_), std::move(name), {}};
}

TEST(ObjectTarget, empty_parts_match_everything) { EXPECT_TRUE(is_target({}, desired_of(kDesired))); }

TEST(ObjectTarget, each_part_has_to_match) {
  const Desired web = desired_of(kDesired);
  EXPECT_TRUE(is_target(target("apps", "Deployment", "w", "web"), web));
  EXPECT_FALSE(is_target(target("batch", "Deployment", "w", "web"), web));
  EXPECT_FALSE(is_target(target("apps", "StatefulSet", "w", "web"), web));
  EXPECT_FALSE(is_target(target("apps", "Deployment", "x", "web"), web));
  EXPECT_FALSE(is_target(target("apps", "Deployment", "w", "we"), web));
}

TEST(ObjectTarget, stars_stand_for_any_text) {
  const Desired web = desired_of(kDesired);
  EXPECT_TRUE(is_target(target("a*", "*", "w*", "*e*"), web));
  EXPECT_FALSE(is_target(target("", "*Set", "", ""), web));
  EXPECT_TRUE(matches_glob("a*b*c", "aXbYbZc"));
  EXPECT_FALSE(matches_glob("a*b*c", "aXbYbZ"));
  EXPECT_FALSE(matches_glob("a", "ab"));
  EXPECT_TRUE(matches_glob("ab**", "ab"));
  EXPECT_FALSE(matches_glob("a.b", "axb"));
}

TEST(ObjectTarget, all_labels_have_to_be_there_with_their_values) {
  const Desired web = desired_of(kDesired);
  EXPECT_TRUE(is_target({"", "", "", "", {{"app", "web"}}}, web));
  EXPECT_FALSE(is_target({"", "", "", "", {{"app", "api"}}}, web));
  EXPECT_FALSE(is_target({"", "", "", "", {{"app", "web"}, {"tier", ""}}}, web));
}

}  // namespace
}  // namespace holdfast
