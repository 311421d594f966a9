#include "app/object_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast {
namespace {

ApiCatalog catalog() {
  ApiCatalog made;
  const auto add = [&](GroupVersionKind gvk, const char* plural) {
    made.preferred[gvk.group_kind()] = gvk.version;
    made.resources[gvk] = {gvk, plural, true, {}};
  };
  add({"apps", "v1", "Deployment"}, "deployments");
  add({"", "v1", "Endpoints"}, "endpoints");
  add({"acme.dev", "v1", "Ingress"}, "ingresses");
  add({"networking.k8s.io", "v1", "Ingress"}, "ingresses");
  return made;
}

std::vector<std::string> found(std::string_view kind) {
  static const ApiCatalog all = catalog();
  std::vector<std::string> names;
  for (const ApiResource* one : find_types(all, kind)) names.push_back(to_string(one->gvk.group_kind()));
  return names;
}

TEST(ObjectQuery, is_written_as_people_write_it) {
  const auto slashed = parse_object_query({"deployment/web", ".spec.replicas"});
  ASSERT_TRUE(slashed);
  EXPECT_EQ(slashed->kind, "deployment");
  EXPECT_EQ(slashed->name, "web");
  EXPECT_EQ(slashed->field, ".spec.replicas");
  const auto apart = parse_object_query({"Deployment", "web", "/spec/replicas"});
  ASSERT_TRUE(apart);
  EXPECT_EQ(apart->name, "web");
  EXPECT_EQ(apart->field, "/spec/replicas");
  EXPECT_EQ(parse_object_query({"ns/shop"})->field, "");
}

TEST(ObjectQuery, what_is_no_object_says_how_to_write_one) {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"deployment"},
                                                {"deployment", ".spec"},
                                                {"deployment/"},
                                                {"/web"},
                                                {"deployment/web", "replicas"},
                                                {"deployment/web", ".a", ".b"},
                                                {"a/b/c"}}) {
    const auto query = parse_object_query(words);
    ASSERT_FALSE(query) << words[0];
    EXPECT_THAT(query.error().hint, testing::HasSubstr("KIND/NAME"));
  }
}

TEST(ObjectQuery, a_type_has_many_names) {
  for (const char* name :
       {"Deployment", "deployment", "deployments", "deploy", "Deployment.apps", "deployments.v1.apps"})
    EXPECT_THAT(found(name), testing::ElementsAre("Deployment.apps")) << name;
  EXPECT_THAT(found("ep"), testing::ElementsAre("Endpoints"));
  EXPECT_THAT(found("deployment.batch"), testing::IsEmpty());
}

TEST(ObjectQuery, of_two_types_of_one_name_that_of_kubernetes_comes_first) {
  EXPECT_THAT(found("ing"), testing::ElementsAre("Ingress.networking.k8s.io", "Ingress.acme.dev"));
  EXPECT_THAT(found("ingress.acme.dev"), testing::ElementsAre("Ingress.acme.dev"));
}

}  // namespace
}  // namespace holdfast
