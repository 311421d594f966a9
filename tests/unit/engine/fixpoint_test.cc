#include "engine/fixpoint.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

bool settled(std::string_view desired_text, std::string_view answered, const GroupVersionKind& gvk) {
  Desired desired;
  desired.resource.gvk = gvk;
  desired.body = parse_json(desired_text)->as_object();
  desired.empties = collect_empty_paths(desired.body);
  return has_settled(desired, *parse_json(answered));
}
const GroupVersionKind kCustom{"ex.io", "v1", "Thing"};

TEST(Fixpoint, V21_a_custom_resource_that_lacks_an_empty_container_has_not_settled) {
  EXPECT_TRUE(settled(R"({"spec":{"mp":[]}})", R"({"spec":{"mp":[]}})", kCustom));
  EXPECT_TRUE(settled(R"({"spec":{"mp":[]}})", R"({"spec":{"mp":[{"k":"theirs"}]}})", kCustom));
  EXPECT_FALSE(settled(R"({"spec":{"mp":[]}})", R"({"spec":{"x":1}})", kCustom));
  EXPECT_FALSE(settled(R"({"spec":{"mp":[]}})", R"({})", kCustom));
  EXPECT_FALSE(settled(R"({"spec":{"gm":{}}})", R"({"spec":{"gm":null}})", kCustom));
  EXPECT_TRUE(settled(R"({"spec":{"x":1}})", R"({})", kCustom));
}

TEST(Fixpoint, V21_also_inside_the_items_of_a_list) {
  constexpr std::string_view kDesired = R"({"l":[{"name":"a","e":[]},{"name":"b","e":[]}]})";
  EXPECT_TRUE(settled(kDesired, R"({"l":[{"name":"b","e":[]},{"name":"x"},{"name":"a","e":[],"more":1}]})", kCustom));
  EXPECT_FALSE(settled(kDesired, R"({"l":[{"name":"b"},{"name":"a","e":[]}]})", kCustom));
  EXPECT_FALSE(settled(kDesired, R"({"l":[{"name":"a","e":[]}]})", kCustom));
  EXPECT_FALSE(settled(kDesired, R"({"l":null})", kCustom));
}

TEST(Fixpoint, a_map_that_is_empty_in_git_may_be_taken_away_with_what_nobody_owns_in_it) {
  EXPECT_TRUE(settled(R"({"spec":{"m":{}}})", R"({"spec":{"m":{"a":1}}})", kCustom));
  EXPECT_FALSE(settled(R"({"spec":{"m":{}}})", R"({"spec":{"m":{"a":1,"l":[]}}})", kCustom));
  EXPECT_FALSE(settled(R"({"l":[{}]})", R"({"l":[{"a":1}]})", kCustom));
}

// Found by a history in a million: the field had come before its type became one whole, and went with the next apply.
TEST(Fixpoint, what_is_null_in_git_may_be_taken_away_with_what_nobody_owns_in_it) {
  EXPECT_TRUE(settled(R"({"d":null})", R"({"d":null})", kCustom));
  EXPECT_TRUE(settled(R"({"d":null})", R"({"d":{"port":"c"}})", kCustom));
  EXPECT_FALSE(settled(R"({"d":null})", R"({"d":{"port":"c","b":[]}})", kCustom));
  EXPECT_FALSE(settled(R"({"d":null})", R"({})", kCustom));
}

TEST(Fixpoint, built_in_types_drop_what_is_empty_and_have_settled) {
  EXPECT_TRUE(settled(R"({"spec":{"env":[]}})", R"({"spec":{}})", {"apps", "v1", "Deployment"}));
}

}  // namespace
}  // namespace holdfast
