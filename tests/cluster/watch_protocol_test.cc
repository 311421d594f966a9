// The watch protocol against the real kube-apiserver, under what goes wrong: expired history, other servers, dead
// connections, refused access, restored databases. Faults on the way are made by a proxy of the test's own.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "cluster/application.h"
#include "cluster/eventually.h"
#include "cluster/holding_proxy.h"
#include "cluster/live_watch.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

std::uint16_t port_of(const ControlPlane& plane, const std::string& server = "apiserver") {
  return static_cast<std::uint16_t>(std::stoi(LiveWatch::config(plane.kubeconfig(server)).port));
}

void make_config_map(const Kubectl& kubectl, const std::string& space, const std::string& name) {
  kubectl.must({"-n", space, "create", "configmap", name, "--from-literal=color=blue"});
}

void paint(const Kubectl& kubectl, const std::string& space, const std::string& name, const std::string& color) {
  kubectl.must(
      {"-n", space, "patch", "configmap", name, "--type=merge", "-p", R"({"data":{"color":")" + color + "\"}}"});
}

bool has_color(const LiveWatch& watch, const std::string& space, const std::string& name, const std::string& color) {
  const LivePtr object = watch.find(space, name);
  return object && object->body.find("\"color\":\"" + color + "\"") != std::string::npos;
}

class WatchProtocol : public testing::Test {
 protected:
  ControlPlane plane_ = ControlPlane::shared();
  std::string space_ = name_of_test("watch");
  Kubectl kubectl_ = plane_.kubectl();
  HoldingProxy proxy_{port_of(plane_)};

  void SetUp() override { kubectl_.must({"create", "namespace", space_}); }
  void TearDown() override { std::ignore = kubectl_.run({"delete", "namespace", space_, "--wait=false"}); }
};

TEST_F(WatchProtocol, A1_A7_the_list_comes_as_a_stream_and_the_watch_goes_on_in_it) {
  make_config_map(kubectl_, space_, "first");
  LiveWatch watch(plane_.kubeconfig());
  watch.watch(kConfigMaps);
  ASSERT_TRUE(watch.until([&] { return watch.synced(); })) << watch.lines();
  EXPECT_NE(watch.find(space_, "first"), nullptr);
  make_config_map(kubectl_, space_, "second");
  EXPECT_TRUE(watch.until([&] { return watch.find(space_, "second") != nullptr; }));
  EXPECT_EQ(watch.count("Watching"), 1U);
  EXPECT_TRUE(watch.knowledge().streaming.worth_asking({"", "ConfigMap"}));
}

TEST_F(WatchProtocol, A8_a_plain_list_says_the_same) {
  make_config_map(kubectl_, space_, "first");
  LiveWatch watch(plane_.kubeconfig());
  watch.knowledge().streaming.refuse({"", "ConfigMap"});
  watch.watch(kConfigMaps);
  ASSERT_TRUE(watch.until([&] { return watch.synced(); })) << watch.lines();
  EXPECT_NE(watch.find(space_, "first"), nullptr);
}

TEST_F(WatchProtocol, A16_a_large_list_comes_compressed_and_reads_the_same) {
  std::string manifests;
  for (int i = 0; i < 200; ++i)
    manifests += "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: big" + std::to_string(i) +
                 "\n  namespace: " + space_ + "\ndata:\n  text: " + std::string(2000, 'x') + "\n---\n";
  kubectl_.must({"create", "-f", "-"}, manifests);
  LiveWatch watch(plane_.kubeconfig(), proxy_.port());
  ApiRequest request;
  request.target = "/api/v1/namespaces/" + space_ + "/configmaps";
  const std::size_t before = proxy_.bytes_from_server();
  const auto plain = watch.send(request);
  const std::size_t plain_bytes = proxy_.bytes_from_server() - before;
  request.accept_gzip = true;
  const auto compressed = watch.send(request);
  const std::size_t compressed_bytes = proxy_.bytes_from_server() - before - plain_bytes;
  ASSERT_TRUE(plain && compressed);
  EXPECT_EQ(plain->body, compressed->body);
  EXPECT_LT(compressed_bytes * 5, plain_bytes);
}

TEST_F(WatchProtocol, A17_each_watch_has_a_connection_of_its_own_that_is_not_used_again) {
  LiveWatch watch(plane_.kubeconfig(), proxy_.port());
  watch.watch(kConfigMaps);
  ASSERT_TRUE(watch.until([&] { return watch.synced(); }));
  EXPECT_EQ(proxy_.connections_made(), 1U);
  ASSERT_TRUE(watch.get("/version"));
  ASSERT_TRUE(watch.get("/version"));
  EXPECT_EQ(proxy_.connections_made(), 2U);
}

TEST_F(WatchProtocol, A12_fault_9_a_connection_that_went_dark_is_noticed_and_nothing_is_missed) {
  make_config_map(kubectl_, space_, "settings");
  LiveWatch watch(plane_.kubeconfig(), proxy_.port());
  for (int i = 0; i < BookmarkRhythm::kEnough; ++i) watch.knowledge().bookmarks[{"", "ConfigMap"}].seen();
  watch.watch(kConfigMaps);
  ASSERT_TRUE(watch.until([&] { return watch.synced(); })) << watch.lines();
  proxy_.black_out();
  paint(kubectl_, space_, "settings", "red");
  EXPECT_FALSE(watch.until([&] { return has_color(watch, space_, "settings", "red"); }, 1s));
  watch.pass(179s);
  EXPECT_EQ(watch.count("Retrying Timeout"), 0U);
  watch.pass(2s);
  EXPECT_TRUE(watch.until([&] { return has_color(watch, space_, "settings", "red"); })) << watch.lines();
  EXPECT_EQ(watch.count("Retrying Timeout"), 1U);
  EXPECT_EQ(watch.count("Watching"), 2U);
}

TEST_F(WatchProtocol, A5_A6_a_connection_that_breaks_is_followed_by_another_without_a_list) {
  make_config_map(kubectl_, space_, "settings");
  LiveWatch watch(plane_.kubeconfig(), proxy_.port());
  watch.watch(kConfigMaps);
  ASSERT_TRUE(watch.until([&] { return watch.synced(); }));
  paint(kubectl_, space_, "settings", "green");
  ASSERT_TRUE(watch.until([&] { return has_color(watch, space_, "settings", "green"); }));
  proxy_.cut();
  paint(kubectl_, space_, "settings", "red");
  EXPECT_TRUE(watch.until([&] { return has_color(watch, space_, "settings", "red"); })) << watch.lines();
  EXPECT_EQ(watch.count("Listing"), 1U) << watch.lines();
}

TEST_F(WatchProtocol, A18_types_can_be_watched_without_their_contents) {
  LiveWatch watch(plane_.kubeconfig());
  ApiRequest request;
  request.target = "/api/v1/namespaces?limit=1";
  request.accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";
  const auto answer = watch.send(request);
  ASSERT_TRUE(answer);
  EXPECT_NE(answer->body.find("PartialObjectMetadata"), std::string::npos);
  EXPECT_EQ(answer->body.find("\"spec\""), std::string::npos);
}

TEST_F(WatchProtocol, A19_unchanged_discovery_is_known_by_its_etag) {
  LiveWatch watch(plane_.kubeconfig());
  ApiRequest request;
  request.target = "/api";
  request.accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
  const auto first = watch.send(request);
  ASSERT_TRUE(first);
  ASSERT_FALSE(first->etag.empty());
  request.if_none_match = first->etag;
  const auto second = watch.send(request);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->status, 304);
  EXPECT_TRUE(second->body.empty());
}

// Those that stop servers or take away access have a control plane of their own.
class OwnWatchProtocol : public testing::Test {
 protected:
  ControlPlane plane_ = ControlPlane::own();
  Kubectl kubectl_ = plane_.kubectl();
  const std::string space_ = "default";
};

TEST_F(OwnWatchProtocol, A3_A9_A11_after_compaction_and_a_restart_deletions_are_found_by_a_list) {
  plane_.add_apiserver("second");
  const Kubectl second = plane_.kubectl("second");
  make_config_map(kubectl_, space_, "kept");
  make_config_map(kubectl_, space_, "deleted");
  LiveWatch watch(plane_.kubeconfig());
  watch.watch(kConfigMaps);
  ASSERT_TRUE(watch.until([&] { return watch.synced(); }));
  plane_.stop("apiserver");
  ASSERT_TRUE(watch.until([&] { return watch.count("Retrying Unreachable") > 0; })) << watch.lines();
  second.must({"-n", space_, "delete", "configmap", "deleted"});
  paint(second, space_, "kept", "red");
  make_config_map(second, space_, "made");
  plane_.compact();
  plane_.restart("apiserver");
  EXPECT_TRUE(watch.until([&] {
    watch.pass(1s);
    return watch.find(space_, "made") != nullptr;
  })) << watch.lines();
  EXPECT_GE(watch.count("Listing Gone") + watch.count("Retrying Gone"), 1U) << watch.lines();
  EXPECT_EQ(watch.count("deleted deleted"), 1U);
  EXPECT_TRUE(has_color(watch, space_, "kept", "red"));
}

TEST_F(OwnWatchProtocol, A13_fault_15_another_server_takes_over_without_a_list) {
  plane_.add_apiserver("second");
  make_config_map(kubectl_, space_, "settings");
  HoldingProxy proxy(port_of(plane_));
  LiveWatch watch(plane_.kubeconfig(), proxy.port());
  watch.watch(kConfigMaps);
  ASSERT_TRUE(watch.until([&] { return watch.synced(); }));
  for (const std::string server : {"second", "apiserver", "second"}) {
    const std::string color = "color" + std::to_string(watch.lines().size()) + server;
    proxy.lead_to(port_of(plane_, server));
    paint(kubectl_, space_, "settings", color);
    EXPECT_TRUE(watch.until([&] {
      watch.pass(1s);
      return has_color(watch, space_, "settings", color);
    })) << watch.lines();
  }
  EXPECT_EQ(watch.count("Listing"), 1U) << watch.lines();
  EXPECT_EQ(watch.count("Listing Gone"), 0U) << watch.lines();
}

TEST_F(OwnWatchProtocol, A23_fault_21_a_role_that_is_taken_away_freezes_the_type_and_deletes_nothing) {
  make_config_map(kubectl_, space_, "settings");
  HoldingProxy proxy(port_of(plane_));
  LiveWatch watch(plane_.kubeconfig(), proxy.port());
  watch.watch(kConfigMaps);
  ASSERT_TRUE(watch.until([&] { return watch.synced(); }));
  kubectl_.must({"delete", "clusterrolebinding", "holdfast-test"});
  const auto step = [&] {
    watch.pass(1s);
    return watch.count("Forbidden Forbidden") > 0;
  };
  proxy.cut();
  ASSERT_TRUE(watch.until(step)) << watch.lines();
  EXPECT_FALSE(watch.synced());
  EXPECT_NE(watch.find(space_, "settings"), nullptr);
  EXPECT_EQ(watch.lines().find("deleted"), std::string::npos);
  kubectl_.must(
      {"create", "clusterrolebinding", "holdfast-test", "--clusterrole=cluster-admin", "--user=holdfast-test"});
  EXPECT_TRUE(watch.until([&] {
    watch.pass(5s);
    return watch.synced();
  })) << watch.lines();
  EXPECT_EQ(watch.lines().find("deleted"), std::string::npos);
}

TEST_F(OwnWatchProtocol, A14_fault_30_a_restored_database_is_noticed_and_read_anew) {
  namespace fs = std::filesystem;
  make_config_map(kubectl_, space_, "before");
  plane_.stop("apiserver");
  plane_.stop("etcd");
  const fs::path data = plane_.directory() / "etcd";
  const fs::path backup = plane_.directory() / "backup";
  fs::copy(data, backup, fs::copy_options::recursive);
  plane_.restart("etcd");
  plane_.restart("apiserver");
  for (int i = 0; i < 30; ++i) paint(kubectl_, space_, "before", "color" + std::to_string(i));
  make_config_map(kubectl_, space_, "after");
  LiveWatch watch(plane_.kubeconfig());
  const auto kube_system = watch.get("/api/v1/namespaces/kube-system");
  ASSERT_TRUE(kube_system);
  watch.knowledge().kube_system = (*read_live_object(kube_system->body, {"", "v1", "Namespace"}))->uid;
  watch.watch(kConfigMaps);
  ASSERT_TRUE(watch.until([&] { return watch.synced() && watch.find(space_, "after"); })) << watch.lines();
  plane_.stop("apiserver");
  plane_.stop("etcd");
  fs::remove_all(data);
  fs::rename(backup, data);
  plane_.restart("etcd");
  plane_.restart("apiserver");
  EXPECT_TRUE(watch.until(
      [&] {
        watch.pass(2s);
        return watch.count("restored") > 0 && watch.synced();
      },
      60s))
      << watch.lines();
  EXPECT_EQ(watch.find(space_, "after"), nullptr);
  EXPECT_TRUE(has_color(watch, space_, "before", "blue"));
}

constexpr char kWidgets[] = R"(
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.protocol.example}
spec:
  group: protocol.example
  scope: Namespaced
  names: {plural: widgets, singular: widget, kind: Widget}
  versions:
  - name: VERSION
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {size: {type: integer}}}}}}
)";

std::string widgets(const std::string& version) {
  std::string text = kWidgets;
  text.replace(text.find("VERSION"), 7, version);
  return text;
}

TEST_F(OwnWatchProtocol, A21_fault_20_a_type_that_goes_and_comes_back_in_another_version_is_followed) {
  Application app(plane_, "types");
  const auto widget = [&](const std::string& version) {
    app.repository.write("apps/widget.yaml", "apiVersion: protocol.example/" + version +
                                                 "\nkind: Widget\nmetadata:\n  name: one\n  namespace: types\n"
                                                 "spec:\n  size: 3\n");
  };
  // In full, since kubectl remembers for a while what there was.
  const auto is_there = [&](const std::string& version) {
    const std::string type = "widgets." + version + ".protocol.example";
    return eventually([&] { return kubectl_.field("types", type, "one", "{.spec.size}") == "3"; }, 30s);
  };
  kubectl_.must({"create", "-f", "-"}, widgets("v1alpha1"));
  kubectl_.wait_until_established("widgets.protocol.example", 20s);
  app.repository.write("apps/namespace.yaml", app.namespace_manifest());
  widget("v1alpha1");
  app.repository.commit("Start");
  app.start();
  ASSERT_TRUE(is_there("v1alpha1"));

  kubectl_.must({"delete", "crd", "widgets.protocol.example"});
  app.daemon->wait_for_line("protocol.example/v1alpha1 Widget is no longer served", 30s);
  kubectl_.must({"create", "-f", "-"}, widgets("v1alpha1"));
  EXPECT_TRUE(is_there("v1alpha1")) << app.daemon->output();  // nobody pushed anything: the CRD's event was enough

  kubectl_.must({"delete", "crd", "widgets.protocol.example"});
  kubectl_.must({"create", "-f", "-"}, widgets("v2"));
  widget("v2");
  app.repository.commit("Move to v2");
  EXPECT_TRUE(is_there("v2")) << app.daemon->output();
  EXPECT_EQ(app.daemon->stop(10s), 0) << app.daemon->output();
}

}  // namespace
}  // namespace holdfast::cluster
