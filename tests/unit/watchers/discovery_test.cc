#include "watchers/discovery.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <map>

namespace holdfast {
namespace {

namespace asio = boost::asio;

std::string reply(const std::string& items) {
  return R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},"items":[)" + items +
         "]}";
}

std::string resource(const std::string& plural, const std::string& kind,
                     const std::string& group_version = R"("group":"","version":"")",
                     const std::string& scope = "Namespaced") {
  return R"({"resource":")" + plural + R"(","responseKind":{)" + group_version + R"(,"kind":")" + kind +
         R"("},"scope":")" + scope + R"(","singularResource":"x","verbs":["get","list","watch"],"subresources":[]})";
}

const std::string kCore = reply(
    R"({"metadata":{},"versions":[{"version":"v1","resources":[)" + resource("configmaps", "ConfigMap") + "," +
    resource("namespaces", "Namespace", R"("group":"","version":"")", "Cluster") + R"(],"freshness":"Current"}]})");

std::string group(const std::string& name, const std::string& versions) {
  return R"({"metadata":{"name":")" + name + R"("},"versions":[)" + versions + "]}";
}

std::string version(const std::string& name, const std::string& resources, const std::string& freshness = "Current") {
  return R"({"version":")" + name + R"(","resources":[)" + resources + R"(],"freshness":")" + freshness + "\"}";
}

TEST(Discovery, V43_builtins_take_the_enclosing_group_and_version) {
  const auto catalog = parse_discovery(
      kCore, reply(group("apps", version("v1", resource("deployments", "Deployment"))) + "," +
                   group("ex.io", version("v1", resource("widgets", "Widget", R"("group":"ex.io","version":"v1")")))));
  ASSERT_TRUE(catalog) << describe(catalog.error());
  const ApiResource* const deployments = catalog->find(GroupVersionKind{"apps", "v1", "Deployment"});
  ASSERT_NE(deployments, nullptr);
  EXPECT_EQ(deployments->plural, "deployments");
  EXPECT_TRUE(deployments->namespaced);
  EXPECT_TRUE(deployments->can("watch"));
  EXPECT_FALSE(deployments->can("delete"));
  EXPECT_FALSE(catalog->find(GroupKind{"", "Namespace"})->namespaced);
  EXPECT_NE(catalog->find(GroupKind{"ex.io", "Widget"}), nullptr);
  EXPECT_TRUE(catalog->unknown_groups.empty());
}

TEST(Discovery, A19_the_first_version_that_is_not_stale_and_has_the_kind_is_preferred) {
  const auto catalog =
      parse_discovery(kCore, reply(group("ex.io", version("v3", resource("widgets", "Widget"), "Stale") + "," +
                                                      version("v2", resource("gadgets", "Gadget")) + "," +
                                                      version("v1", resource("widgets", "Widget")))));
  ASSERT_TRUE(catalog) << describe(catalog.error());
  EXPECT_EQ(catalog->find(GroupKind{"ex.io", "Widget"})->gvk.version, "v1");
  EXPECT_EQ(catalog->find(GroupKind{"ex.io", "Gadget"})->gvk.version, "v2");
}

TEST(Discovery, A20_stale_or_unlisted_versions_make_the_group_unknown) {
  const auto catalog =
      parse_discovery(kCore, reply(group("metrics.k8s.io", version("v1", "", "Stale")) + "," + group("empty.io", "")));
  ASSERT_TRUE(catalog) << describe(catalog.error());
  EXPECT_EQ(catalog->unknown_groups, (std::set<std::string>{"empty.io", "metrics.k8s.io"}));
}

TEST(Discovery, A19_the_kind_of_the_reply_is_tested) {
  const auto old = parse_discovery(kCore, R"({"kind":"APIGroupList","apiVersion":"v1","groups":[]})");
  ASSERT_FALSE(old);
  EXPECT_NE(old.error().hint.find("1.30"), std::string::npos);
  EXPECT_FALSE(parse_discovery(R"({"kind":"APIVersions","versions":["v1"]})", reply("")));
  EXPECT_FALSE(parse_discovery(kCore, R"({"kind":"Status","code":503})"));
  EXPECT_FALSE(parse_discovery(kCore, "<html>"));
}

TEST(Discovery, A20_a_catalog_that_lacks_something_is_no_catalog) {
  EXPECT_FALSE(parse_discovery(reply(""), reply("")));
  EXPECT_FALSE(parse_discovery(kCore, R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2"})"));
  EXPECT_FALSE(parse_discovery(kCore, reply(group("", version("v1", "")))));
  EXPECT_FALSE(parse_discovery(kCore, reply(group("a.io", R"({"resources":[]})"))));
  EXPECT_FALSE(parse_discovery(kCore, reply(group("a.io", R"({"version":"v1","resources":7})"))));
}

TEST(Discovery, what_its_kind_cannot_address_is_left_out) {
  const auto catalog = parse_discovery(
      kCore, reply(group("ex.io", version("v1", resource("things", "Thing", R"("group":"other.io","version":"v1")") +
                                                    R"(,{"resource":"only-sub","scope":"Namespaced","verbs":[]})"))));
  ASSERT_TRUE(catalog) << describe(catalog.error());
  EXPECT_EQ(catalog->resources.size(), 2U);
}

class FakeServer final : public ApiServer {
 public:
  std::map<std::string, ApiResponse> answers;
  std::vector<ApiRequest> requests;
  asio::awaitable<Result<ApiResponse>> send(ApiRequest request) override {
    requests.push_back(request);
    co_return answers.at(request.target);
  }
};

Result<ApiCatalog> run(FakeServer& server) {
  asio::io_context io;
  Result<ApiCatalog> result = fail(ErrorKind::Internal, "did not run");
  asio::co_spawn(io, discover(server), [&](std::exception_ptr, Result<ApiCatalog> got) { result = std::move(got); });
  io.run();
  return result;
}

TEST(Discovery, V43_asks_with_the_exact_accept_header) {
  FakeServer server;
  server.answers["/api"] = {200, "application/json", {}, kCore};
  server.answers["/apis"] = {200, "application/json", {}, reply("")};
  EXPECT_TRUE(run(server));
  ASSERT_EQ(server.requests.size(), 2U);
  for (const ApiRequest& request : server.requests)
    EXPECT_EQ(request.accept, "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json");
}

TEST(Discovery, V51_a_refusal_is_an_error_and_no_empty_catalog) {
  for (const auto& [status, kind] : {std::pair(401, ErrorKind::Unauthorized), std::pair(403, ErrorKind::Forbidden),
                                     std::pair(503, ErrorKind::Busy), std::pair(500, ErrorKind::Internal)}) {
    FakeServer server;
    server.answers["/api"] = {200, "application/json", {}, kCore};
    server.answers["/apis"] = {status, "text/plain", {}, "no"};
    const auto catalog = run(server);
    ASSERT_FALSE(catalog);
    EXPECT_EQ(catalog.error().kind, kind);
    EXPECT_EQ(catalog.error().where, "/apis");
  }
}

}  // namespace
}  // namespace holdfast
