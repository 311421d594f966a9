// Credentials that change while we use them, and ways to a real API server: rotated tokens, exec plugins, renewed
// certificates, impersonation, a proxy.
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <filesystem>
#include <fstream>

#include "cluster/application.h"
#include "cluster/child_process.h"
#include "cluster/eventually.h"
#include "cluster/holding_proxy.h"
#include "cluster/live_watch.h"
#include "holdfast/base/digest.h"
#include "holdfast/model/json.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class Credentials : public testing::Test {
 protected:
  ControlPlane plane_ = ControlPlane::shared();
  Kubectl kubectl_ = plane_.kubectl();
  std::string space_ = name_of_test("cred");
  fs::path folder_;

  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "holdfast-credentials.XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    kubectl_.must({"create", "namespace", space_});
  }
  void TearDown() override {
    fs::remove_all(folder_);
    std::ignore = kubectl_.run({"delete", "clusterrolebinding", space_});
    std::ignore = kubectl_.run({"delete", "namespace", space_, "--wait=false"});
  }

  void write(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / (name + ".new")) << content;
    fs::rename(folder_ / (name + ".new"), folder_ / name);  // as whoever rotates it should
  }
  static std::string read(const fs::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // A kubeconfig in the folder for the plane's server with this user.
  [[nodiscard]] std::string kubeconfig(const std::string& user, const std::string& cluster = "") const {
    const ClientConfig server = LiveWatch::config(plane_.kubeconfig());
    write("ca.crt", server.ca_pem);
    write("kubeconfig",
          "current-context: c\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n"
          "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:" +
              server.port + "', certificate-authority: ca.crt" + cluster + "}}]\nusers: [{name: u, user: {" + user +
              "}}]\n");
    return (folder_ / "kubeconfig").string();
  }
  // A service account that may do everything, made anew: tokens of the one before are worthless.
  void new_account() const {
    std::ignore = kubectl_.run({"-n", space_, "delete", "serviceaccount", "robot"});
    kubectl_.must({"-n", space_, "create", "serviceaccount", "robot"});
  }
  std::string new_token() const { return kubectl_.must({"-n", space_, "create", "token", "robot"}); }
  void allow_account() const {
    kubectl_.must({"create", "clusterrolebinding", space_, "--clusterrole=cluster-admin",
                   "--serviceaccount=" + space_ + ":robot"});
  }
  // A server believes a token for some seconds after it was revoked.
  void await_refusal(std::string token) const {
    token.erase(token.find_last_not_of('\n') + 1);
    const std::string port = LiveWatch::config(plane_.kubeconfig()).port;
    const auto refused = [&] {
      return run({"curl", "-sS", "--cacert", (plane_.directory() / "ca.crt").string(), "-o", "/dev/null", "-w",
                  "%{http_code}", "-H", "Authorization: Bearer " + token,
                  "https://127.0.0.1:" + port + "/api/v1/nodes"})
                 .out == "401";
    };
    ASSERT_TRUE(eventually(refused, 30s));
  }
  static std::string who_am_i(LiveWatch& watch) {
    ApiRequest request;
    request.method = Method::Post;
    request.target = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    request.content_type = "application/json";
    request.body = R"({"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"})";
    const auto answer = watch.send(std::move(request));
    if (!answer) return describe(answer.error());
    const auto body = parse_json(answer->body);
    return body ? std::string(string_at(*body, {"status", "userInfo", "username"})) : answer->body;
  }
  static int status_of(LiveWatch& watch, const std::string& target) {
    const auto answer = watch.get(target);
    return answer ? answer->status : -1;
  }
};

TEST_F(Credentials, B9_B1_fault_16_a_rotated_token_costs_one_401_and_no_watch) {
  new_account();
  allow_account();
  const std::string first = new_token();
  write("token", first);
  LiveWatch watch(kubeconfig("tokenFile: token"));
  ASSERT_EQ(status_of(watch, "/api/v1/nodes"), 200);
  new_account();
  await_refusal(first);
  write("token", new_token());
  EXPECT_EQ(status_of(watch, "/api/v1/nodes"), 200);
  EXPECT_EQ(who_am_i(watch), "system:serviceaccount:" + space_ + ":robot");
}

TEST_F(Credentials, B9_a_revoked_token_without_another_one_is_a_refusal) {
  new_account();
  allow_account();
  const std::string first = new_token();
  write("token", first);
  LiveWatch watch(kubeconfig("tokenFile: token"));
  ASSERT_EQ(status_of(watch, "/api/v1/nodes"), 200);
  new_account();
  await_refusal(first);
  EXPECT_EQ(status_of(watch, "/api/v1/nodes"), 401);
  watch.watch(kConfigMaps);
  EXPECT_TRUE(watch.until([&] { return watch.count("Retrying Unauthorized") > 0; })) << watch.lines();
  EXPECT_FALSE(watch.synced());
  write("token", new_token());
  EXPECT_TRUE(watch.until([&] {
    watch.pass(1s);
    return watch.synced();
  })) << watch.lines();
}

TEST_F(Credentials, B5_an_exec_plugin_gives_a_token_and_is_run_again_after_a_401) {
  new_account();
  allow_account();
  const std::string first = new_token();
  write("token", first);
  write("plugin",
        "#!/bin/sh\necho run >> \"$(dirname \"$0\")/runs\"\n"
        "printf '{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",'\n"
        "printf '\"status\":{\"token\":\"%s\"}}' \"$(cat \"$(dirname \"$0\")/token\")\"\n");
  fs::permissions(folder_ / "plugin", fs::perms::owner_all);
  const std::string user =
      "exec: {apiVersion: client.authentication.k8s.io/v1, command: ./plugin, interactiveMode: Never}";
  ClientConfig config = LiveWatch::config(kubeconfig(user));
  config.environment = {"PATH=/usr/bin:/bin"};
  LiveWatch watch(std::move(config));
  ASSERT_EQ(status_of(watch, "/api/v1/nodes"), 200);
  ASSERT_EQ(status_of(watch, "/api/v1/nodes"), 200);
  EXPECT_EQ(read(folder_ / "runs"), "run\n");
  new_account();
  await_refusal(first);
  write("token", new_token());
  EXPECT_EQ(status_of(watch, "/api/v1/nodes"), 200);
  EXPECT_EQ(read(folder_ / "runs"), "run\nrun\n");
}

TEST_F(Credentials, B5_a_certificate_of_an_exec_plugin) {
  json::object status{{"clientCertificateData", read(plane_.directory() / "holdfast.crt")},
                      {"clientKeyData", read(plane_.directory() / "holdfast.key")}};
  write("answer", to_json(json::object{{"kind", "ExecCredential"},
                                       {"apiVersion", "client.authentication.k8s.io/v1beta1"},
                                       {"status", std::move(status)}}));
  ClientConfig config = LiveWatch::config(
      kubeconfig("exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: /bin/cat, args: ['" +
                 (folder_ / "answer").string() + "']}"));
  LiveWatch watch(std::move(config));
  EXPECT_EQ(who_am_i(watch), "holdfast-test");
}

TEST_F(Credentials, B2_fault_17_a_renewed_certificate_is_used_and_the_old_connections_are_closed) {
  const auto use = [&](const std::string& identity) {
    write("client.crt", read(plane_.directory() / (identity + ".crt")));
    write("client.key", read(plane_.directory() / (identity + ".key")));
  };
  use("holdfast");
  LiveWatch watch(kubeconfig("client-certificate: client.crt, client-key: client.key"));
  EXPECT_EQ(who_am_i(watch), "holdfast-test");
  watch.watch(kConfigMaps);
  ASSERT_TRUE(watch.until([&] { return watch.synced(); }));
  use("admin");
  EXPECT_EQ(who_am_i(watch), "holdfast-test");
  watch.pass(301s);
  EXPECT_EQ(who_am_i(watch), "holdfast-admin");
  // The stream of the old certificate was closed, and another one goes on from there.
  kubectl_.must({"-n", space_, "create", "configmap", "after"});
  EXPECT_TRUE(watch.until([&] {
    watch.pass(1s);
    return watch.find(space_, "after") != nullptr;
  })) << watch.lines();
}

TEST_F(Credentials, B1_a_broken_ca_file_keeps_the_old_one_in_use) {
  LiveWatch watch(kubeconfig("client-certificate: " + (plane_.directory() / "holdfast.crt").string() +
                             ", client-key: " + (plane_.directory() / "holdfast.key").string()));
  ASSERT_EQ(status_of(watch, "/version"), 200);
  for (const std::string broken : {"", "no certificate"}) {
    write("ca.crt", broken);
    watch.pass(301s);
    watch.client().close_all();
    EXPECT_EQ(status_of(watch, "/version"), 200);
  }
}

TEST_F(Credentials, B6_impersonation_is_what_the_server_sees) {
  const std::string identity = "client-certificate: " + (plane_.directory() / "admin.crt").string() +
                               ", client-key: " + (plane_.directory() / "admin.key").string();
  LiveWatch watch(kubeconfig(identity + ", as: jane, as-groups: ['system:masters'], as-user-extra: {a/b: [x]}"));
  EXPECT_EQ(who_am_i(watch), "jane");
}

TEST_F(Credentials, B4_a_proxy_is_asked_to_connect) {
  const std::string identity = "client-certificate: " + (plane_.directory() / "holdfast.crt").string() +
                               ", client-key: " + (plane_.directory() / "holdfast.key").string();
  const ClientConfig direct = LiveWatch::config(plane_.kubeconfig());
  HoldingProxy proxy(static_cast<std::uint16_t>(std::stoi(direct.port)), HoldingProxy::Asked::Connect);
  LiveWatch watch(kubeconfig(identity, ", proxy-url: 'http://127.0.0.1:" + std::to_string(proxy.port()) + "'"));
  EXPECT_EQ(who_am_i(watch), "holdfast-test");
  EXPECT_EQ(proxy.connections_made(), 1U);
}

TEST_F(Credentials, B7_the_audit_log_has_our_name) {
  const auto since = std::chrono::system_clock::now();
  Application app(plane_, space_ + "-b7");
  app.repository.write("apps/namespace.yaml", app.namespace_manifest());
  app.repository.commit("Start");
  app.start();
  plane_.settle_audit();
  const auto ours = plane_.requests(holdfast_user, since, [](const AuditedRequest& request) {
    return request.user_agent.starts_with("holdfast/") && request.user_agent.contains(" (linux/");
  });
  EXPECT_FALSE(ours.empty());
  std::ignore = kubectl_.run({"delete", "namespace", app.name, "--wait=false"});
}

}  // namespace
}  // namespace holdfast::cluster
