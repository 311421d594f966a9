#include "app/own_object.h"

#include <gtest/gtest.h>

#include "app/own_definitions.h"

namespace holdfast {
namespace {

constexpr std::string_view kOurs = "holdfast.dev/application";

json::object object(std::string_view text) { return parse_json(text)->get_object(); }

const json::object kHeld = object(R"({"metadata": {"namespace": "teams", "name": "shop", "uid": "u", "generation": 3,
  "resourceVersion": "12", "finalizers": ["example.com/other", "holdfast.dev/application"]}})");

json::value finalizers_after(const json::object& before, bool wanted) {
  return parse_json(finalizer_patch(application_resource(), before, kOurs, wanted, "holdfast").body)
      ->at("metadata")
      .at("finalizers");
}

TEST(OwnObject, is_patched_on_the_version_that_was_seen) {
  const ApiRequest request = finalizer_patch(application_resource(), kHeld, kOurs, false, "holdfast");
  EXPECT_EQ(request.target, "/apis/holdfast.dev/v1alpha1/namespaces/teams/applications/shop?fieldManager=holdfast");
  const json::value metadata = parse_json(request.body)->at("metadata");
  EXPECT_EQ(metadata.at("uid"), "u");
  EXPECT_EQ(metadata.at("resourceVersion"), "12");
}

TEST(OwnObject, keeps_the_finalizers_of_others) {
  EXPECT_TRUE(has_finalizer(kHeld, kOurs));
  EXPECT_EQ(finalizers_after(kHeld, false), json::value(json::array{"example.com/other"}));
  EXPECT_EQ(finalizers_after(kHeld, true), json::value(json::array{"example.com/other", "holdfast.dev/application"}));
  const json::object bare = object(R"({"metadata": {"namespace": "teams", "name": "shop"}})");
  EXPECT_FALSE(has_finalizer(bare, kOurs));
  EXPECT_EQ(finalizers_after(bare, true), json::value(json::array{"holdfast.dev/application"}));
}

TEST(OwnObject, has_no_generation_where_none_is_written) {
  EXPECT_EQ(generation_of(kHeld), 3);
  EXPECT_EQ(generation_of({}), 0);
}

}  // namespace
}  // namespace holdfast
