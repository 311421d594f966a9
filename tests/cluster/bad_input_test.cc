// What goes wrong on a first day: each with a clear message and without a trace in the cluster.
#include <gtest/gtest.h>

#include <fstream>

#include "cluster/application.h"
#include "cluster/eventually.h"

namespace holdfast::cluster {
namespace {

using namespace std::chrono_literals;

class BadInput : public testing::Test {
 protected:
  BadInput() : plane(ControlPlane::shared()), app(plane, name_of_test("bad")) {
    app.repository.write("apps/namespace.yaml", app.namespace_manifest());
    app.repository.commit("Start");
  }

  Finished once(std::vector<std::string> arguments) const {
    arguments.push_back("--once");
    return HoldfastProcess::run(std::move(arguments));
  }

  std::string copy_of_kubeconfig(const std::string& find, const std::string& replacement) const {
    std::ifstream in(plane.kubeconfig());
    std::string text((std::istreambuf_iterator<char>(in)), {});
    const std::size_t at = text.find(find);
    EXPECT_NE(at, std::string::npos) << text;
    const std::size_t end = text.find('\n', at);
    text.replace(at, end - at, replacement);
    const std::string path = app.repository.cache() + ".kubeconfig";
    std::ofstream(path) << text;
    return path;
  }

  std::vector<std::string> with_kubeconfig(const std::string& path) const {
    std::vector<std::string> arguments = app.arguments("run");
    for (std::string& argument : arguments)
      if (argument == plane.kubeconfig()) argument = path;
    return arguments;
  }

  void expect_refusal(const Finished& finished, std::initializer_list<const char*> words) const {
    EXPECT_NE(finished.exit_code, 0);
    EXPECT_LT(finished.exit_code, 128) << "it crashed";
    for (const char* word : words)
      EXPECT_TRUE(finished.err.contains(word)) << "no \"" << word << "\" in: " << finished.err;
  }

  ControlPlane plane;
  Application app;
};

TEST_F(BadInput, unreachable_server) {
  expect_refusal(once(with_kubeconfig(copy_of_kubeconfig("server:", "server: https://127.0.0.1:1"))),
                 {"connection refused", "127.0.0.1:1"});
}

TEST_F(BadInput, wrong_ca) {
  const std::string other = plane.directory() / "other-ca.pem";
  const Finished made = run({"/usr/bin/openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other",
                             "-keyout", "/dev/null", "-out", other, "-days", "2"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  expect_refusal(
      once(with_kubeconfig(copy_of_kubeconfig("certificate-authority-data:", "certificate-authority: " + other))),
      {"certificate", "certificate-authority"});
}

TEST_F(BadInput, missing_kubeconfig) {
  expect_refusal(once(with_kubeconfig("/nonexistent/kubeconfig")), {"/nonexistent/kubeconfig"});
}

TEST_F(BadInput, missing_context) {
  std::vector<std::string> arguments = app.arguments("run");
  arguments.insert(arguments.end(), {"--context", "nowhere"});
  expect_refusal(once(arguments), {"nowhere"});
}

TEST_F(BadInput, wrong_token) {
  const std::string path = app.repository.cache() + ".token.kubeconfig";
  std::ifstream in(plane.kubeconfig());
  std::string text((std::istreambuf_iterator<char>(in)), {});
  for (const char* key : {"client-certificate-data:", "client-key-data:"}) {
    const std::size_t at = text.find(key);
    ASSERT_NE(at, std::string::npos) << text;
    text.replace(at, text.find('\n', at) - at, key[7] == 'c' ? "token: not-a-token" : "");
  }
  std::ofstream(path) << text;
  const Finished finished = once(with_kubeconfig(path));
  expect_refusal(finished, {"Unauthorized"});
  EXPECT_FALSE(finished.err.contains("not-a-token"));
}

TEST_F(BadInput, forbidden_credentials) {
  (void)app.kubectl.run({"create", "serviceaccount", "nobody", "-n", "default"});
  const std::string token = app.kubectl.must({"create", "token", "nobody", "-n", "default"});
  const std::string path = app.repository.cache() + ".sa.kubeconfig";
  std::ifstream in(plane.kubeconfig());
  std::string text((std::istreambuf_iterator<char>(in)), {});
  for (const char* key : {"client-certificate-data:", "client-key-data:"}) {
    const std::size_t at = text.find(key);
    ASSERT_NE(at, std::string::npos);
    text.replace(at, text.find('\n', at) - at, key[7] == 'c' ? "token: " + token.substr(0, token.find('\n')) : "");
  }
  std::ofstream(path) << text;
  expect_refusal(once(with_kubeconfig(path)), {"cannot get resource", "nobody"});
}

TEST_F(BadInput, expired_client_certificate) {
  const std::string base = app.repository.cache() + ".expired", ca = (plane.directory() / "ca").string();
  const Finished asked = run({"/usr/bin/openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj",
                              "/CN=holdfast-test", "-keyout", base + ".key", "-out", base + ".csr"});
  ASSERT_EQ(asked.exit_code, 0) << asked.err;
  // Valid for no time at all.
  const Finished made = run({"/usr/bin/openssl", "x509", "-req", "-days", "0", "-in", base + ".csr", "-out",
                             base + ".crt", "-CA", ca + ".crt", "-CAkey", ca + ".key", "-set_serial", "77"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  std::ifstream in(plane.kubeconfig());
  std::string text((std::istreambuf_iterator<char>(in)), {});
  for (const auto& [name, file] : {std::pair("client-certificate", base + ".crt"), {"client-key", base + ".key"}}) {
    const std::size_t at = text.find(std::string(name) + "-data:");
    ASSERT_NE(at, std::string::npos) << text;
    text.replace(at, text.find('\n', at) - at, std::string(name) + ": " + file);
  }
  std::ofstream(base + ".kubeconfig") << text;
  expect_refusal(once(with_kubeconfig(base + ".kubeconfig")),
                 {"the client certificate expired on", "renew client-certificate"});
}

TEST_F(BadInput, unknown_kind) {
  app.repository.write("apps/odd.yaml", "apiVersion: sea.example/v1\nkind: Kraken\nmetadata:\n  name: k\n");
  app.repository.commit("Odd");
  expect_refusal(once(app.arguments("run")), {"Kraken", "apps/odd.yaml:1"});
}

TEST_F(BadInput, invalid_yaml) {
  app.repository.write("apps/broken.yaml", "apiVersion: v1\nkind: [\n");
  app.repository.commit("Break");
  expect_refusal(once(app.arguments("run")), {"apps/broken.yaml:"});
}

TEST_F(BadInput, rejected_field_names_the_file_and_leaves_the_others_applied) {
  app.repository.write("apps/good.yaml", app.config_map("good", "blue"));
  app.repository.write("apps/typo.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: typo\n  namespace: " +
                                             app.name + "\ndatta:\n  a: b\n");
  app.repository.commit("Typo");
  expect_refusal(once(app.arguments("run")), {"apps/typo.yaml:1", "datta"});
  EXPECT_EQ(app.field("good", "{.data.color}"), "blue");
}

// The API server quotes what is wrong in it.
TEST_F(BadInput, a_secret_that_is_refused_is_not_shown) {
  app.repository.write("apps/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n  namespace: " +
                                               app.name + "\ndata:\n  password: {deep: canary4711}\n");
  app.repository.commit("Too deep");
  const Finished run = once(app.arguments("run"));
  EXPECT_NE(run.exit_code, 0);
  EXPECT_TRUE(run.err.contains("apps/secret.yaml:1")) << run.err;
  EXPECT_FALSE((run.err + run.out).contains("canary4711")) << run.err << run.out;
}

TEST_F(BadInput, missing_path) {
  std::vector<std::string> arguments = app.arguments("run");
  for (std::string& argument : arguments)
    if (argument == "apps") argument = "nowhere";
  expect_refusal(once(arguments), {"nowhere"});
}

TEST_F(BadInput, missing_ref) {
  std::vector<std::string> arguments = app.arguments("run");
  arguments.insert(arguments.end(), {"--ref", "release-9"});
  expect_refusal(once(arguments), {"release-9"});
}

TEST_F(BadInput, missing_repository) {
  std::vector<std::string> arguments = app.arguments("run");
  for (std::string& argument : arguments)
    if (argument == app.repository.directory()) argument = "/nonexistent/repository";
  expect_refusal(once(arguments), {"/nonexistent/repository"});
}

TEST_F(BadInput, wrong_usage_says_what_is_missing) {
  const Finished finished = HoldfastProcess::run({"run", "--once"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_TRUE(finished.err.contains("--repo")) << finished.err;
}

TEST_F(BadInput, diff_tells_no_change_changes_and_errors_apart) {
  app.repository.write("apps/good.yaml", app.config_map("good", "blue"));
  app.repository.commit("Good");
  ASSERT_EQ(once(app.arguments("run")).exit_code, 0);
  EXPECT_EQ(HoldfastProcess::run(app.arguments("diff")).exit_code, 0);
  app.repository.write("apps/good.yaml", app.config_map("good", "green"));
  app.repository.commit("Change");
  const Finished changed = HoldfastProcess::run(app.arguments("diff"));
  EXPECT_EQ(changed.exit_code, 1) << changed.err;
  EXPECT_TRUE(changed.out.contains("- .data.color: \"blue\"")) << changed.out;
  EXPECT_TRUE(changed.out.contains("+ .data.color: \"green\"")) << changed.out;
  app.repository.write("apps/good.yaml", "kind: [");
  app.repository.commit("Break");
  EXPECT_GT(HoldfastProcess::run(app.arguments("diff")).exit_code, 1);
}

TEST_F(BadInput, diff_masks_secrets_and_get_lists_what_is_managed) {
  app.repository.write("apps/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: token\n  namespace: " +
                                               app.name + "\nstringData:\n  key: canary-before\n");
  app.repository.commit("Secret");
  const Finished applied = once(app.arguments("run"));
  ASSERT_EQ(applied.exit_code, 0) << applied.err;
  app.repository.write("apps/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata:\n  name: token\n  namespace: " +
                                               app.name + "\nstringData:\n  key: canary-after\n");
  app.repository.commit("Rotate");
  const Finished diff = HoldfastProcess::run(app.arguments("diff"));
  EXPECT_EQ(diff.exit_code, 1) << diff.err;
  EXPECT_TRUE(diff.out.contains("(secret)")) << diff.out;
  for (const char* canary : {"canary", "Y2FuYXJ5"})
    EXPECT_FALSE((diff.out + diff.err + applied.out + applied.err).contains(canary));
  const Finished get = HoldfastProcess::run({"get", "--kubeconfig", plane.kubeconfig(), "--installation", app.name});
  EXPECT_EQ(get.exit_code, 0) << get.err;
  EXPECT_TRUE(get.out.contains("Secret")) << get.out;
  EXPECT_TRUE(get.out.contains("Present")) << get.out;
}

}  // namespace
}  // namespace holdfast::cluster
