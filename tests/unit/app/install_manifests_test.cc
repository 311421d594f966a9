#include "app/install_manifests.h"

#include <gtest/gtest.h>

#include <set>

#include "app/application_setup.h"
#include "app/install_tenants.h"

namespace holdfast {
namespace {

// "patch configmaps in team-a": what the roles grant, in all namespaces where none is named.
std::set<std::string> rights(const InstallOptions& options) {
  std::set<std::string> all;
  for (const json::object& manifest : install_manifests(options)) {
    const std::string kind(string_at(manifest, {"kind"}));
    if (kind != "Role" && kind != "ClusterRole") continue;
    const std::string namespace_(string_at(manifest, {"metadata", "namespace"}));
    for (const json::value& rule : find(manifest, {"rules"})->as_array())
      for (const json::value& resource : rule.at("resources").as_array())
        for (const json::value& verb : rule.at("verbs").as_array())
          all.insert(std::string(verb.get_string()) + " " + std::string(resource.get_string()) +
                     (namespace_.empty() ? "" : " in " + namespace_));
  }
  return all;
}

InstallOptions tenancy() {
  InstallOptions options;
  options.tenancy = true;
  options.tenants = {"team-a/deployer", "team-a/other", "team-b/deployer"};
  return options;
}

TEST(InstallManifests, with_tenancy_nothing_is_written_cluster_wide_but_what_is_our_own) {
  for (const std::string& right : rights(tenancy())) {
    if (right.contains(" in ") || right.contains("application") || right.contains("overrides") ||
        right == "create events")
      continue;
    EXPECT_TRUE(right.starts_with("get ") || right.starts_with("list ") || right.starts_with("watch ")) << right;
  }
  EXPECT_TRUE(rights(tenancy()).contains("patch configmaps in team-b"));
  EXPECT_TRUE(rights({}).contains("patch deployments"));
}

TEST(InstallManifests, the_daemon_may_be_the_accounts_that_are_named_and_no_others) {
  std::set<std::string> names;
  for (const json::object& manifest : install_manifests(tenancy())) {
    const json::value* rules = find(manifest, {"rules"});
    if (rules == nullptr) continue;
    for (const json::value& rule : rules->as_array()) {
      if (!to_json(rule.at("verbs")).contains("impersonate")) continue;
      EXPECT_EQ(string_at(manifest, {"kind"}), "Role");
      EXPECT_EQ(to_json(rule.at("resources")), R"(["serviceaccounts"])");
      for (const json::value& name : rule.at("resourceNames").as_array())
        names.insert(std::string(string_at(manifest, {"metadata", "namespace"})) + "/" +
                     std::string(name.get_string()));
    }
  }
  EXPECT_EQ(names, (std::set<std::string>{"team-a/deployer", "team-a/other", "team-b/deployer"}));
}

TEST(InstallManifests, in_one_namespace_everything_is_in_it) {
  InstallOptions options;
  options.namespace_ = options.only_namespace = "shop";
  for (const json::object& manifest : install_manifests(options)) {
    EXPECT_EQ(string_at(manifest, {"metadata", "namespace"}), "shop") << to_json(manifest);
    EXPECT_FALSE(string_at(manifest, {"kind"}).starts_with("Cluster"));
  }
}

// They are cluster-wide, and one would take the other's.
TEST(InstallManifests, two_installations_share_no_binding) {
  InstallOptions second;
  second.installation = "second";
  second.namespace_ = "holdfast-second";
  const auto names = [](const InstallOptions& options) {
    std::set<std::string> names;
    for (const json::object& manifest : install_manifests(options))
      if (string_at(manifest, {"kind"}).contains("RoleBinding"))
        names.insert(std::string(string_at(manifest, {"metadata", "name"})));
    return names;
  };
  for (const std::string& name : names(second)) EXPECT_FALSE(names({}).contains(name)) << name;
}

TEST(InstallTenants, are_written_as_namespace_and_name) {
  EXPECT_EQ((*parse_tenants({"team-a/deployer"}))[0], (ServiceAccount{"team-a", "deployer"}));
  for (const char* wrong : {"deployer", "team-a/", "/deployer", "team-a/a/b", "Team/x", "a b/c"})
    EXPECT_FALSE(parse_tenants({wrong})) << wrong;
}

class TenantSetup : public testing::Test {
 protected:
  TenantSetup() {
    application.name = "shop";
    application.namespace_ = "team-a";
    application.source.repo_url = "https://git.example/shop.git";
    context.installation = "holdfast";
    context.namespace_ = "holdfast-system";
    context.cache_dir = "/cache";
  }
  Application application;
  SetupContext context;
};

TEST_F(TenantSetup, without_an_account_it_is_refused_where_tenancy_is_on) {
  EXPECT_TRUE(make_setup(application, context));
  context.tenancy = true;
  const auto refused = make_setup(application, context);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(describe(refused.error()).contains("holdfast install --tenancy --tenant team-a/NAME"))
      << describe(refused.error());
}

TEST_F(TenantSetup, each_account_reads_into_a_cache_of_its_own_with_values_that_it_may_see) {
  application.service_account = "deployer";
  ServiceAccount asked;
  context.values_as = [&](const ServiceAccount& who) {
    asked = who;
    return nullptr;
  };
  const auto setup = make_setup(application, context);
  ASSERT_TRUE(setup);
  EXPECT_EQ(setup->acts_as, (ServiceAccount{"team-a", "deployer"}));
  EXPECT_EQ(asked, (ServiceAccount{"team-a", "deployer"}));
  EXPECT_EQ(setup->source.cache_folder, "/cache/accounts/team-a_deployer");
  application.namespace_ = "team-b";
  EXPECT_NE(make_setup(application, context)->source.cache_folder, setup->source.cache_folder);
  EXPECT_NE(make_setup(application, context)->repository, setup->repository) << "nothing moves between the two";
}

}  // namespace
}  // namespace holdfast
