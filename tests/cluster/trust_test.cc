// Repositories that want to know who we are and of which we want to know who signed them, behind real servers: nginx
// with git-http-backend, and sshd. Whatever goes wrong, nothing is deleted, the log says why, and the last good
// revision goes on being healed.
#include <gtest/gtest.h>

#include <fstream>

#include "cluster/application.h"
#include "cluster/eventually.h"
#include "cluster/holding_proxy.h"
#include "cluster/nginx_server.h"
#include "cluster/ssh_server.h"
#include "holdfast/model/json.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto kDeadline = 60s;

class TrustTest : public testing::Test {
 protected:
  TrustTest()
      : plane(ControlPlane::shared()),
        app(plane, name_of_test("trust")),
        folder(fs::path(app.repository.directory()).parent_path()),
        config((folder / "config.yaml").string()) {
    app.kubectl.must({"create", "namespace", app.name});
    app.repository.write("apps/one.yaml", app.config_map("one", "blue"));
  }
  // None of them, whatever went wrong.
  ~TrustTest() override {
    const std::string all = said();
    daemon.reset();
    EXPECT_FALSE(all.contains("canary")) << all;
    plane.settle_audit();
    EXPECT_EQ(plane.count_requests(holdfast_user, began, [](const AuditedRequest& r) { return r.verb == "delete"; }),
              0U);
    std::ignore = app.kubectl.run({"delete", "namespace", app.name, "--wait=false"});
  }

  // A Secret of the application's namespace, made or replaced.
  void secret(const std::string& name, const std::map<std::string, std::string>& data) const {
    json::object texts;
    for (const auto& [key, text] : data) texts[key] = text;
    const json::object body{{"apiVersion", "v1"},
                            {"kind", "Secret"},
                            {"metadata", json::object{{"name", name}, {"namespace", app.name}}},
                            {"stringData", std::move(texts)}};
    std::ignore = app.kubectl.run({"-n", app.name, "delete", "secret", name, "--ignore-not-found"});
    app.kubectl.must({"create", "-f", "-"}, to_json(body));
  }
  void hold(const std::string& url, const std::string& source, const std::string& spec = "") {
    std::ofstream(config) << "apiVersion: holdfast.dev/v1alpha1\nkind: Application\nmetadata: {name: web}\nspec:\n"
                          << "  source:\n    repoURL: " << url << "\n    path: apps\n    interval: 1s\n"
                          << source << spec;
    daemon = std::make_unique<HoldfastProcess>(
        std::vector<std::string>{"run", "--config", config, "--kubeconfig", plane.kubeconfig(), "--namespace", app.name,
                                 "--installation", app.name, "--cache-dir", app.repository.cache()});
  }
  [[nodiscard]] std::string said() const { return daemon ? daemon->output() : std::string(); }
  std::string wait_for(const std::string& text, std::size_t from = 0) {
    return daemon->wait_for_line(text, kDeadline, from);
  }
  void wait_synced(const std::string& commit, std::size_t from = 0) {
    wait_for("the cluster is at main@sha1:" + commit, from);
  }
  std::string commit(const std::string& color) {
    app.repository.write("apps/one.yaml", app.config_map("one", color));
    return app.repository.commit(color);
  }
  [[nodiscard]] std::string color() const { return app.field("one", "{.data.color}"); }
  // Somebody changes what the last good revision says, and it comes back.
  void expect_healed(const std::string& good) {
    app.kubectl.must(
        {"-n", app.name, "patch", "configmap", "one", "--type=merge", "-p", R"({"data":{"color":"drifted"}})"});
    EXPECT_TRUE(eventually([&] { return color() == good; }, kDeadline)) << color() << "\n" << said();
  }
  // No file of ours has any of these bytes.
  void expect_not_on_disk(const std::string& bytes) const {
    const Finished kept = run({"/usr/bin/grep", "-rlaF", "-e", bytes, app.repository.cache()});
    EXPECT_EQ(kept.exit_code, 1) << "in " << kept.out << kept.err;
  }

  ControlPlane plane;
  std::chrono::system_clock::time_point began = std::chrono::system_clock::now();
  Application app;
  fs::path folder;
  std::string config;
  std::unique_ptr<HoldfastProcess> daemon;
};

TEST_F(TrustTest, a_token_that_expires_and_its_next_one_in_the_secret) {
  NginxServer server(folder / "nginx", folder);
  server.let_in({NginxServer::basic("jane", "canary-one")});
  secret("git", {{"username", "jane"}, {"password", "canary-one"}, {"ca.crt", server.ca()}});
  const std::string first = app.repository.commit("Start");
  hold(server.url("/work/.git"), "    secretRef: {name: git}\n");
  wait_synced(first);
  server.let_in({NginxServer::bearer("canary-two")});  // the first one has expired
  const std::size_t expired = daemon->line_count();
  const std::string second = commit("green");
  const std::string line = wait_for("the repository wants other credentials", expired);
  EXPECT_TRUE(line.contains("correct Secret " + app.name + "/git")) << line;
  EXPECT_TRUE(line.contains("still holding main@sha1:" + first)) << line;
  expect_healed("blue");
  secret("git", {{"bearerToken", "canary-two"}, {"ca.crt", server.ca()}});
  wait_synced(second, expired);
  EXPECT_EQ(color(), "green");
  expect_not_on_disk("canary");
}

TEST_F(TrustTest, a_secret_that_is_missing_wrong_or_deleted_is_named) {
  NginxServer server(folder / "nginx", folder);
  server.let_in({NginxServer::basic("x-access-token", "canary-one")});
  const std::string first = app.repository.commit("Start");
  hold(server.url("/work/.git"), "    secretRef: {name: git}\n");
  wait_for("there is no Secret " + app.name + "/git");
  secret("git", {{"password", "canary-one"}});
  wait_for("the server's certificate is not trusted");
  secret("git", {{"password", "canary-one"}, {"ca.crt", server.ca()}});
  wait_synced(first);
  const std::size_t deleted = daemon->line_count();
  app.kubectl.must({"-n", app.name, "delete", "secret", "git"});
  wait_for("there is no Secret " + app.name + "/git", deleted);
  expect_healed("blue");
}

TEST_F(TrustTest, a_server_that_stalls_and_one_that_cuts_the_connection) {
  NginxServer server(folder / "nginx", folder);
  server.let_in({NginxServer::basic("x-access-token", "canary-one")});
  HoldingProxy proxy(static_cast<std::uint16_t>(server.port()));
  secret("git", {{"password", "canary-one"}, {"ca.crt", server.ca()}});
  const std::string first = app.repository.commit("Start");
  hold(server.url("/work/.git", proxy.port()), "    secretRef: {name: git}\n");
  wait_synced(first);
  for (const unsigned let_through : {0U, 1U, 2U, 3U, 4U, 5U}) {
    const std::size_t from = daemon->line_count();
    proxy.arm(let_through);
    const std::string next = commit("green" + std::to_string(let_through));
    ASSERT_TRUE(eventually([&] { return proxy.holding(); }, kDeadline));
    if (let_through == 0) {  // it goes on stalling
      const std::string line = wait_for("took longer than 30 s", from);
      EXPECT_TRUE(line.contains("still holding main@sha1:" + first)) << line;
      expect_healed("blue");
    }
    proxy.cut();
    proxy.release();
    wait_synced(next, from);
  }
}

TEST_F(TrustTest, ssh_with_the_wrong_host_key_the_wrong_key_and_the_right_ones) {
  const auto read = [](const std::string& path) {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const SshServer server(folder / "sshd");
  const std::string user = read(server.user_key()), stranger = read(server.stranger_key());
  const std::string known = read(server.known_hosts()), wrong = read(server.wrong_known_hosts());
  const std::string first = app.repository.commit("Start");
  secret("git", {{"identity", user}, {"known_hosts", wrong}});
  hold(server.url(app.repository.directory()), "    secretRef: {name: git}\n");
  wait_for("the SSH host key is not known, or is another than the known one");
  secret("git", {{"identity", stranger}, {"known_hosts", known}});
  wait_for("Permission denied");
  secret("git", {{"identity", user}});
  wait_for("it has no known_hosts");
  secret("git", {{"identity", user}, {"known_hosts", known}});
  wait_synced(first);
  const std::size_t from = daemon->line_count();
  secret("git", {{"identity", stranger}, {"known_hosts", known}});
  const std::string second = commit("green");
  wait_for("Permission denied", from);
  expect_healed("blue");
  secret("git", {{"identity", user}, {"known_hosts", known}});
  wait_synced(second, from);
  expect_not_on_disk(user.substr(user.find('\n') + 1, 40));
}

TEST_F(TrustTest, a_github_app_gets_in_by_the_token_of_its_installation) {
  NginxServer server(folder / "nginx", folder);
  server.give_app_token("canary-app-one");
  server.let_in({NginxServer::basic("x-access-token", "canary-app-one")});
  const Finished key = run({"/usr/bin/openssl", "genrsa", "2048"});
  const std::string first = app.repository.commit("Start");
  std::map<std::string, std::string> credentials = {{"githubAppID", "12"},
                                                    {"githubAppInstallationID", "35"},
                                                    {"githubAppPrivateKey", key.out},
                                                    {"githubAppBaseURL", server.url("/api")},
                                                    {"ca.crt", server.ca()}};
  secret("git", credentials);
  hold(server.url("/work/.git"), "    secretRef: {name: git}\n");
  wait_for("GitHub");  // the installation does not exist there
  credentials["githubAppInstallationID"] = "34";
  secret("git", credentials);
  wait_synced(first);
  // Revoked before its time: another one is asked for.
  const std::size_t from = daemon->line_count();
  server.give_app_token("canary-app-two");
  server.let_in({NginxServer::basic("x-access-token", "canary-app-two")});
  const std::string second = commit("green");
  wait_synced(second, from);
}

TEST_F(TrustTest, only_signed_commits_are_applied) {
  const auto sign = [&](const std::string& key) {
    app.repository.git({"config", "gpg.format", "ssh"});
    app.repository.git({"config", "user.signingkey", (folder / key).string()});
    app.repository.git({"config", "commit.gpgsign", "true"});
  };
  for (const char* name : {"jane", "mallory"})
    ASSERT_EQ(run({"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", std::string(name) + "@example.com",
                   "-f", (folder / name).string()})
                  .exit_code,
              0);
  std::ifstream in(folder / "jane.pub");
  const std::string jane(std::istreambuf_iterator<char>(in), {});
  secret("signers", {{"jane.pub", jane}});
  sign("jane");
  const std::string first = app.repository.commit("Start");
  hold("file://" + app.repository.directory(), "    verify: {secretRef: {name: signers}}\n");
  wait_synced(first);
  std::size_t from = daemon->line_count();
  app.repository.git({"config", "commit.gpgsign", "false"});
  const std::string unsigned_one = commit("red");
  const std::string line = wait_for("commit " + unsigned_one.substr(0, 12), from);
  EXPECT_TRUE(line.contains("it is not signed")) << line;
  expect_healed("blue");
  sign("mallory");
  const std::string of_mallory = commit("crimson");
  wait_for("commit " + of_mallory.substr(0, 12), from);
  wait_for("it was signed with the ED25519 key SHA256:", from);
  expect_healed("blue");
  from = daemon->line_count();
  sign("jane");
  const std::string good = commit("green");
  wait_synced(good, from);
  // Whose key is withdrawn counts no more, and what was applied stays.
  from = daemon->line_count();
  std::ifstream other(folder / "mallory.pub");
  secret("signers", {{"mallory.pub", std::string(std::istreambuf_iterator<char>(other), {})}});
  wait_for("commit " + good.substr(0, 12), from);
  expect_healed("green");
}

TEST_F(TrustTest, sops_is_decrypted_with_the_keys_of_the_secret_and_only_in_memory) {
  const std::string programs = fs::path(required_environment("HOLDFAST_SOPS")).parent_path().string();
  const auto key = [&](const std::string& name) {
    EXPECT_EQ(run({programs + "/age-keygen", "-o", (folder / name).string()}).exit_code, 0);
    std::ifstream in(folder / name);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string jane = key("jane.agekey"), other = key("other.agekey");
  std::string recipient = run({programs + "/age-keygen", "-y", (folder / "jane.agekey").string()}).out;
  recipient.erase(recipient.find('\n'));
  const auto encrypt =
      [&](const std::string& password) {
        std::ofstream(folder / "plain.yaml")
            << "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData:\n  password: " << password << "\n";
        const Finished made = run({programs + "/sops", "encrypt", "--age", recipient, "--encrypted-regex",
                                   "^(data|stringData)$", (folder / "plain.yaml").string()});
        EXPECT_EQ(made.exit_code, 0) << made.err;
        app.repository.write("apps/db.yaml", made.out);
        return app.repository.commit("Password");
      };
  const auto password = [&] {
    return app.kubectl
        .run({"-n", app.name, "get", "secret", "db", "-o", "go-template={{.data.password | base64decode}}"})
        .out;
  };
  encrypt("canary-swordfish");
  hold("file://" + app.repository.directory(), "", "");
  wait_for("it is encrypted with SOPS, and no keys are named");
  EXPECT_EQ(password(), "");
  secret("age", {{"jane.agekey", jane}});
  const std::string first = encrypt("canary-swordfish");
  hold("file://" + app.repository.directory(), "", "  decryption: {secretRef: {name: age}}\n");
  wait_synced(first);
  EXPECT_EQ(password(), "canary-swordfish");
  // A key that does not fit.
  std::size_t from = daemon->line_count();
  secret("age", {{"other.agekey", other}});
  std::string line = wait_for("no key of Secret " + app.name + "/age can decrypt it", from);
  EXPECT_TRUE(line.contains("apps/db.yaml") && line.contains(recipient)) << line;
  expect_healed("blue");
  secret("age", {{"jane.agekey", jane}});
  const std::string second = encrypt("canary-shark");
  wait_synced(second, from);
  EXPECT_EQ(password(), "canary-shark");
  // Changed by hand.
  from = daemon->line_count();
  app.kubectl.must({"-n", app.name, "get", "secret", "db"});
  std::ifstream in(folder / "work" / "apps" / "db.yaml");
  std::string text(std::istreambuf_iterator<char>(in), {});
  text.replace(text.find("name: db"), 8, "name: dc");
  app.repository.write("apps/db.yaml", text);
  app.repository.commit("By hand");
  line = wait_for("it was changed after it was encrypted", from);
  EXPECT_TRUE(line.contains("apps/db.yaml") && line.contains("still holding main@sha1:" + second)) << line;
  app.kubectl.must(
      {"-n", app.name, "patch", "secret", "db", "--type=merge", "-p", R"({"stringData":{"password":"drifted"}})"});
  EXPECT_TRUE(eventually([&] { return password() == "canary-shark"; }, kDeadline)) << said();
  expect_not_on_disk("canary");
  expect_not_on_disk("AGE-SECRET-KEY");
}

}  // namespace
}  // namespace holdfast::cluster
