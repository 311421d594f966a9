#include "app/file_cluster.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "app/object_documents.h"
#include "app/plan_maker.h"
#include "app/plan_text.h"
#include "sources/manifests.h"

namespace holdfast {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kBoats = R"(apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.ex.io, uid: u-crd}
spec:
  group: ex.io
  scope: Namespaced
  names: {kind: Boat, plural: boats, singular: boat}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {
      crew: {type: array, items: {type: object, properties: {name: {type: string}, rank: {type: string}}},
        x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [name]}}}}}}
)";

// A diff of what Git has with a file.
class FileClusterTest : public testing::Test {
 protected:
  FileClusterTest() {
    auto wanted = std::make_unique<WantedApplication>();
    ApplicationSetup& setup = wanted->setup;
    setup.name = "shop";
    setup.inventory = {"w", "holdfast-shop", "holdfast", "here"};
    setup.prepare.default_namespace = "w";
    setup.prepare.installation = "holdfast";
    setup.prepare.applyset_id = applyset_id("holdfast-shop", "w", "ConfigMap", "");
    setup.prepare.manager = {"holdfast"};
    applications_.push_back(std::move(wanted));
  }

  [[nodiscard]] std::string labels() const {
    return "labels: {holdfast.dev/installation: holdfast, applyset.kubernetes.io/part-of: " +
           applications_[0]->setup.prepare.applyset_id + "}";
  }
  [[nodiscard]] std::string boat(const std::string& rank, const std::string& metadata = "") const {
    return "apiVersion: ex.io/v1\nkind: Boat\nmetadata: {name: b, namespace: w" + metadata +
           "}\nspec: {crew: [{name: ann, rank: " + rank + "}, {name: bob, rank: cook}]}\n";
  }
  [[nodiscard]] std::string live_boat(const std::string& rank) const {
    return boat(rank, ", uid: u-boat, resourceVersion: \"5\", " + labels());
  }

  MadePlan plan(const std::string& git, const std::string& live) {
    const auto manifests = parse_manifests({"main@sha1:1", {{"a.yaml", git}}});
    EXPECT_TRUE(manifests) << describe(manifests.error().front());
    applications_[0]->manifests = *manifests;
    Result<std::vector<json::value>> objects = read_objects(live, "live.yaml");
    EXPECT_TRUE(objects) << describe(objects.error());
    auto cluster = FileCluster::make(std::move(*objects), applications_);
    EXPECT_TRUE(cluster) << describe(cluster.error());
    notes_.clear();
    for (const std::string& note : (*cluster)->notes()) notes_ += note + "\n";
    std::optional<MadePlan> made;
    asio::io_context io;
    ReadApplications read;
    read.applications = std::move(applications_);
    asio::co_spawn(io, make_plan(io.get_executor(), **cluster, std::move(read), "holdfast"),
                   [&](std::exception_ptr failure, Result<MadePlan> result) {
                     ASSERT_EQ(failure, nullptr);
                     ASSERT_TRUE(result) << describe(result.error());
                     made.emplace(std::move(*result));
                   });
    io.run();
    applications_.clear();
    return std::move(*made);
  }
  std::string text(const std::string& git, const std::string& live) { return plan_text(plan(git, live).plan, {}); }

  WantedApplications applications_;
  std::string notes_;
};

TEST_F(FileClusterTest, ask_10_a_built_in_type_is_compared_with_its_schema_and_defaults) {
  const std::string live = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: w, uid: u-1, " + labels() +
                           "}\nspec: {selector: {app: old}, ports: [{port: 80, protocol: TCP, targetPort: 80}], type: "
                           "ClusterIP, sessionAffinity: None, internalTrafficPolicy: Cluster, clusterIP: 10.0.0.1, "
                           "clusterIPs: [10.0.0.1], ipFamilies: [IPv4], ipFamilyPolicy: SingleStack}\n";
  const std::string out = text(
      "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n", live);
  EXPECT_EQ(
      out,
      "~   change    Service w/s  a.yaml:1\n    - .spec.selector.app: \"old\"\n    + .spec.selector.app: \"web\"\n"
      "Plan: 0 to create, 1 to change, 0 to replace, 0 to prune; 0 in sync.\n");
  EXPECT_TRUE(notes_.contains("admission webhooks")) << notes_;
  EXPECT_TRUE(notes_.contains("have no managedFields (Service w/s)")) << notes_;
}

TEST_F(FileClusterTest, a_custom_type_is_defined_by_the_file) {
  const std::string out = text(boat("captain"), std::string(kBoats) + "---\n" + live_boat("mate"));
  EXPECT_TRUE(
      out.contains("    - .spec.crew[name=\"ann\"].rank: \"mate\"\n    + .spec.crew[name=\"ann\"].rank: "
                   "\"captain\"\n"))
      << out;
  EXPECT_FALSE(notes_.contains("without a schema")) << notes_;
}

TEST_F(FileClusterTest, or_by_git_where_the_file_has_its_objects) {
  const std::string out = text(std::string(kBoats) + "---\n" + boat("captain"), live_boat("mate"));
  EXPECT_TRUE(out.contains("change    Boat.ex.io w/b")) << out;
  EXPECT_FALSE(notes_.contains("without a schema")) << notes_;
}

TEST_F(FileClusterTest, or_comes_with_git_where_it_has_none) {
  const std::string out =
      text(std::string(kBoats) + "---\n" + boat("captain"), "apiVersion: v1\nkind: List\nitems: []\n");
  EXPECT_TRUE(out.contains("create    Boat.ex.io w/b")) << out;
  EXPECT_TRUE(out.contains("its type comes with the same revision")) << out;
  EXPECT_TRUE(notes_.contains("count as absent: Boat.ex.io, CustomResourceDefinition.apiextensions.k8s.io")) << notes_;
}

TEST_F(FileClusterTest, else_it_is_made_out_and_that_is_told) {
  const std::string out = text(boat("captain"), live_boat("mate"));
  EXPECT_TRUE(out.contains("change    Boat.ex.io w/b")) << out;
  EXPECT_TRUE(notes_.contains("without a schema, in which any field is allowed and a list is one value: ex.io/v1 Boat"))
      << notes_;
}

TEST_F(FileClusterTest, a_slip_in_a_built_in_type_is_refused) {
  const std::string out = text(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndatta: {a: b}\n---\napiVersion: apps/v2\nkind: "
      "Deployment\n"
      "metadata: {name: d}\n",
      "apiVersion: v1\nkind: List\nitems: []\n");
  EXPECT_TRUE(out.contains("refuse    ConfigMap w/c") && out.contains("datta")) << out;
  EXPECT_TRUE(out.contains("refuse    Deployment.apps d")) << out;
}

TEST_F(FileClusterTest, what_left_git_is_told_by_labels_where_the_inventory_is_not_in_the_file) {
  const std::string map = "apiVersion: v1\nkind: ConfigMap\n";
  const std::string kept = map + "metadata: {name: kept, namespace: w, uid: u-1, " + labels() + "}\ndata: {a: b}\n";
  const std::string left = map + "metadata: {name: left, namespace: w, uid: u-2, " + labels() + "}\n";
  const std::string other = map + "metadata: {name: other, namespace: w, uid: u-3}\n";
  const std::string out = text(map + "metadata: {name: kept}\ndata: {a: b}\n", kept + "---\n" + left + "---\n" + other);
  EXPECT_EQ(out,
            "-   prune     ConfigMap w/left\nPlan: 0 to create, 0 to change, 0 to replace, 1 to prune; 1 in sync.\n");
  EXPECT_TRUE(notes_.contains("without its inventory, what has left Git is told by labels: shop")) << notes_;
}

TEST_F(FileClusterTest, a_namespace_that_git_brings_is_made_first) {
  const std::string out = text(
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: fresh}\n---\napiVersion: v1\nkind: Namespace\n"
      "metadata: {name: fresh}\n",
      "apiVersion: v1\nkind: List\nitems: []\n");
  EXPECT_TRUE(out.starts_with("+   create    Namespace fresh    a.yaml:5\n+   create    ConfigMap fresh/c  a.yaml:1\n"))
      << out;
}

TEST_F(FileClusterTest, an_object_without_a_name_is_no_live_object) {
  applications_[0]->manifests = std::make_shared<const ManifestSet>();
  auto objects = read_objects("apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", "x.yaml");
  ASSERT_TRUE(objects);
  const auto cluster = FileCluster::make(std::move(*objects), applications_);
  ASSERT_FALSE(cluster);
  EXPECT_EQ(cluster.error().kind, ErrorKind::Invalid);
}

}  // namespace
}  // namespace holdfast
