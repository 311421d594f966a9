// Private repositories as they are in the world: behind https with a password, behind ssh with keys on both sides.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "cluster/application.h"
#include "cluster/git_server.h"
#include "cluster/ssh_server.h"
#include "holdfast/base/digest.h"

namespace holdfast::cluster {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPassword = "canary-right-7f3a";
constexpr const char* kWrongPassword = "canary-wrong-91bc";

// Each test has a namespace of its own, in each run another, so that what one applied cannot stand for another.
class GitServerTest : public testing::Test {
 protected:
  GitServerTest()
      : plane(ControlPlane::shared()),
        app(plane, name_of_test("git")),
        folder(fs::path(app.repository.directory()).parent_path()) {
    app.repository.write("apps/namespace.yaml", app.namespace_manifest());
    app.repository.write("apps/one.yaml", app.config_map("one", "blue"));
    commit = app.repository.commit("Start");
  }

  [[nodiscard]] GitServerOptions with_password() const {
    return {.folder = folder, .username = "reader", .password = kPassword, .certificate = {}, .redirect_to = {}};
  }

  [[nodiscard]] std::string file(const std::string& name, const std::string& content) const {
    const std::string path = (folder / name).string();
    std::ofstream(path) << content;
    return path;
  }

  // A certificate for 127.0.0.1 that is its own CA, in the file together with its key.
  [[nodiscard]] std::string certificate() const {
    const std::string pem = (folder / "tls.pem").string();
    const Finished made = run({"/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=git",
                               "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2", "-keyout", pem, "-out", pem});
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return pem;
  }

  [[nodiscard]] Finished once(const std::string& repo, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = app.arguments("run");
    std::replace(arguments.begin(), arguments.end(), app.repository.directory(), repo);
    arguments.insert(arguments.end(), more.begin(), more.end());
    arguments.emplace_back("--once");
    return HoldfastProcess::run(arguments);
  }

  void expect_applied(const Finished& finished) const {
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_EQ(app.field("one", "{.data.color}"), "blue");
    expect_no_canary(finished);
  }

  // Code 1, each word on standard error, and not one write in the cluster.
  void expect_refused(const Finished& finished, std::initializer_list<const char*> words) const {
    EXPECT_EQ(finished.exit_code, 1) << finished.err;
    for (const char* word : words)
      EXPECT_TRUE(finished.err.contains(word)) << "no \"" << word << "\" in: " << finished.err;
    plane.settle_audit();
    EXPECT_EQ(plane.count_requests(holdfast_user, began, [](const AuditedRequest& r) { return r.is_write(); }), 0U);
    EXPECT_NE(app.kubectl.run({"get", "namespace", app.name}).exit_code, 0);
    expect_no_canary(finished);
  }

  // Neither password, as it is or as it stands in the header, in what was printed or in the cache.
  void expect_no_canary(const Finished& finished) const {
    const std::string all = finished.out + finished.err;
    for (const std::string& secret : {std::string("canary"), base64_encode(std::string("reader:") + kPassword),
                                      base64_encode(std::string("reader:") + kWrongPassword)})
      EXPECT_FALSE(all.contains(secret)) << all;
    if (fs::exists(app.repository.cache())) {
      const Finished kept = run({"/usr/bin/grep", "-rlE", "canary|Basic ", app.repository.cache()});
      EXPECT_EQ(kept.exit_code, 1) << "in " << kept.out << kept.err;
    }
  }

  // The only cache that there is, and how many file contents it holds.
  [[nodiscard]] std::size_t contents_kept() const {
    std::string bare;
    for (const auto& entry : fs::directory_iterator(app.repository.cache()))
      if (entry.path().extension() == ".git") bare = entry.path().string();
    const std::string objects =
        app.repository.git({"--git-dir=" + bare, "cat-file", "--batch-all-objects", "--batch-check=%(objecttype)"});
    std::size_t count = 0;
    for (std::size_t at = objects.find("blob"); at != std::string::npos; at = objects.find("blob", at + 1)) ++count;
    return count;
  }

  // Two contents are below the path (apps), and this many are not.
  void commit_others(int count) {
    for (int i = 0; i < count; ++i)
      app.repository.write("others/" + std::to_string(i) + ".yaml", app.config_map("other" + std::to_string(i), "red"));
    commit = app.repository.commit("Others");
  }

  ControlPlane plane;
  Application app;
  fs::path folder;
  std::string commit;
  std::chrono::system_clock::time_point began = std::chrono::system_clock::now();
};

TEST_F(GitServerTest, without_credentials_it_says_how_to_give_them) {
  const GitServer server(with_password());
  expect_refused(once(server.url() + "/work"), {"wants other credentials, or any", "--git-password-file"});
}

TEST_F(GitServerTest, a_password_from_a_file_lets_in) {
  const GitServer server(with_password());
  expect_applied(once(server.url() + "/work", {"--git-username", "reader", "--git-password-file",
                                               file("password", std::string(kPassword) + "\n")}));
  EXPECT_FALSE(server.seen().empty());
}

TEST_F(GitServerTest, ask_38_why_reads_history_with_the_same_credentials_and_shows_none) {
  const std::string first = commit;
  commit_others(3);
  const GitServer server(with_password());
  const std::vector<std::string> password = {"--git-username", "reader", "--git-password-file",
                                             file("password", std::string(kPassword) + "\n")};
  const std::string repo = server.url() + "/work";
  expect_applied(once(repo, password));
  std::vector<std::string> arguments = app.arguments("why");
  std::replace(arguments.begin(), arguments.end(), app.repository.directory(), repo);
  arguments.insert(arguments.end(), password.begin(), password.end());
  arguments.insert(arguments.end(), {"configmap/one", ".data.color", "-n", app.name});
  const Finished told = HoldfastProcess::run(arguments);
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_TRUE(told.out.contains("declared  apps/one.yaml:7, " + first.substr(0, 7) + " by ")) << told.out;
  expect_no_canary(told);
}

TEST_F(GitServerTest, a_password_in_the_url_lets_in_and_is_not_shown) {
  const GitServer server(with_password());
  const std::string url = server.url();
  const Finished finished =
      once(url.substr(0, 7) + "reader:" + kPassword + "@" + url.substr(7) + "/work", {"--log-level", "debug"});
  expect_applied(finished);
}

TEST_F(GitServerTest, a_wrong_password_is_refused_and_not_shown) {
  const GitServer server(with_password());
  expect_refused(once(server.url() + "/work", {"--git-username", "reader", "--git-password-file",
                                               file("password", kWrongPassword), "--log-level", "debug"}),
                 {"wants other credentials", "--git-password-file"});
}

TEST_F(GitServerTest, a_repository_that_is_not_there_is_named) {
  const GitServer server(with_password());
  expect_refused(
      once(server.url() + "/nowhere", {"--git-username", "reader", "--git-password-file", file("password", kPassword)}),
      {"no such repository", "/nowhere", "--repo"});
}

TEST_F(GitServerTest, credentials_do_not_follow_a_redirect) {
  GitServerOptions open = with_password();
  open.username.clear();
  const GitServer other(open);
  GitServerOptions redirecting = with_password();
  redirecting.redirect_to = other.url();
  const GitServer server(redirecting);
  expect_refused(
      once(server.url() + "/work", {"--git-username", "reader", "--git-password-file", file("password", kPassword)}),
      {"sends us elsewhere", "--repo"});
  for (const GitServer::Seen& seen : other.seen()) EXPECT_EQ(seen.authorization, "") << seen.target;
}

TEST_F(GitServerTest, an_unusable_password_file_is_named_before_anything_is_sent) {
  const GitServer server(with_password());
  for (const std::string& path : {std::string("/nonexistent/password"), file("empty", " \n"),
                                  file("lines", std::string(kPassword) + "\nsecond\n")}) {
    const Finished finished = once(server.url() + "/work", {"--git-password-file", path});
    EXPECT_EQ(finished.exit_code, 2) << finished.err;
    EXPECT_TRUE(finished.err.contains(path)) << finished.err;
    expect_no_canary(finished);
  }
  EXPECT_TRUE(server.seen().empty());
}

TEST_F(GitServerTest, https_wants_a_known_authority) {
  GitServerOptions options = with_password();
  options.certificate = certificate();
  const GitServer server(options);
  const std::string password = file("password", kPassword);
  expect_refused(once(server.url() + "/work", {"--git-username", "reader", "--git-password-file", password}),
                 {"certificate is not trusted", "--git-ca-file"});
  EXPECT_TRUE(server.seen().empty());
  expect_applied(once(server.url() + "/work", {"--git-username", "reader", "--git-password-file", password,
                                               "--git-ca-file", options.certificate.string()}));
}

TEST_F(GitServerTest, https_transfers_only_contents_below_the_path) {
  commit_others(50);
  app.repository.git({"config", "uploadpack.allowFilter", "true"});
  GitServerOptions options = with_password();
  options.certificate = certificate();
  const GitServer server(options);
  expect_applied(
      once(server.url() + "/work", {"--git-username", "reader", "--git-password-file", file("password", kPassword),
                                    "--git-ca-file", options.certificate.string()}));
  EXPECT_EQ(contents_kept(), 2U);
}

TEST_F(GitServerTest, a_server_without_partial_fetch_sends_all_over_http) {
  commit_others(50);
  const GitServer server(with_password());
  expect_applied(
      once(server.url() + "/work", {"--git-username", "reader", "--git-password-file", file("password", kPassword)}));
  EXPECT_EQ(contents_kept(), 52U);
}

// With Git's first protocol, a server leaves contents out as it is asked to, and then refuses to send single ones.
TEST_F(GitServerTest, ssh_that_refuses_single_contents_sends_all) {
  commit_others(50);
  app.repository.git({"config", "uploadpack.allowFilter", "true"});
  const SshServer server(folder / "ssh", GitProtocol::First);
  expect_applied(once(server.url(app.repository.directory()),
                      {"--ssh-key", server.user_key(), "--known-hosts", server.known_hosts()}));
  EXPECT_EQ(contents_kept(), 52U);
}

TEST_F(GitServerTest, ask_38_why_takes_all_of_a_history_of_which_no_single_contents_are_sent) {
  const std::string first = commit;
  app.repository.write("apps/one.yaml", app.config_map("one", "green"));
  app.repository.commit("Green");
  app.repository.write("apps/one.yaml", app.config_map("one", "blue"));
  commit = app.repository.commit("Blue again");
  app.repository.git({"config", "uploadpack.allowFilter", "true"});
  const SshServer server(folder / "ssh", GitProtocol::First);
  const std::string repo = server.url(app.repository.directory());
  expect_applied(once(repo, {"--ssh-key", server.user_key(), "--known-hosts", server.known_hosts()}));
  std::vector<std::string> arguments = app.arguments("why");
  std::replace(arguments.begin(), arguments.end(), app.repository.directory(), repo);
  arguments.insert(arguments.end(), {"--ssh-key", server.user_key(), "--known-hosts", server.known_hosts(),
                                     "configmap/one", ".data", "-n", app.name});
  const Finished told = HoldfastProcess::run(arguments);
  EXPECT_EQ(told.exit_code, 0) << told.err;
  EXPECT_TRUE(told.out.contains("declared  apps/one.yaml:7, " + commit.substr(0, 7) + " by ")) << told.out;
  EXPECT_TRUE(told.out.contains("declared  apps/one.yaml:8, " + first.substr(0, 7) + " by ")) << told.out;
}

TEST_F(GitServerTest, ssh_with_the_right_keys_on_both_sides) {
  const SshServer server(folder / "ssh");
  const Finished finished = once(server.url(app.repository.directory()),
                                 {"--ssh-key", server.user_key(), "--known-hosts", server.known_hosts()});
  expect_applied(finished);
  EXPECT_EQ(finished.exit_code, 0) << server.log();
}

TEST_F(GitServerTest, ssh_refuses_a_host_with_another_key) {
  const SshServer server(folder / "ssh");
  expect_refused(once(server.url(app.repository.directory()),
                      {"--ssh-key", server.user_key(), "--known-hosts", server.wrong_known_hosts()}),
                 {"SSH host key", "--known-hosts"});
}

TEST_F(GitServerTest, ssh_with_a_key_that_may_not_says_so) {
  const SshServer server(folder / "ssh");
  expect_refused(once(server.url(app.repository.directory()),
                      {"--ssh-key", server.stranger_key(), "--known-hosts", server.known_hosts()}),
                 {"wants other credentials", "Permission denied", "--ssh-key"});
}

}  // namespace
}  // namespace holdfast::cluster
